/** Pruning: groups, scores, survivors, and the cut. */
export type { Calibration } from "./calibrate.ts";
export { cut } from "./cut.ts";
export { type ChannelGroup, groups, type Member, printGroups } from "./groups.ts";
export { mask } from "./mask.ts";
export type { CutReport } from "./report.ts";
export { type Criterion, criteria, type ScoreOptions, type Scores, scoreChannels } from "./scores.ts";
export { type Selection, type SelectOptions, select } from "./select.ts";
export type { Size } from "./sizes.ts";
export { type Site, type Survivors, sitesOf } from "./survivors.ts";
