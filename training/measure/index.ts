/** Measuring side by side: what `swivel-nn/training` exports as `measure`. */
export { type CompareOptions, type Comparison, compareTimes } from "./compare.ts";
export { type InterleaveOptions, interleave } from "./interleave.ts";
export { type Interval, meanInterval, median, pairedDifference, ratioInterval, studentT } from "./intervals.ts";
