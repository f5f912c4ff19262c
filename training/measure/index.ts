/** Measuring side by side: what `swivel-nn/training` exports as `measure`. */

export { type Interval, meanInterval, median, pairedDifference, ratioInterval, studentT } from "../../src/intervals.ts";
export { type CompareOptions, type Comparison, compareTimes } from "./compare.ts";
export { type InterleaveOptions, interleave } from "./interleave.ts";
