/** Pruning: groups, scores, survivors, and the cut. */
export type { Calibration } from "./calibrate.ts";
export type { Count, Counting } from "./counting.ts";
export { cut } from "./cut.ts";
export { type ChannelGroup, groups, type Member, printGroups } from "./groups.ts";
export { type IterateOptions, iterate, type Round, shareOfRound } from "./iterate.ts";
export { mask } from "./mask.ts";
export { type CutReport, joinReports } from "./report.ts";
export { type Criterion, criteria, type ScoreOptions, type Scores, scoreChannels } from "./scores.ts";
export { type Goal, type Limits, type Selection, type SelectOptions, select, selectGiven } from "./select.ts";
export type { Size } from "./sizes.ts";
export { type Site, type Survivors, sitesOf } from "./survivors.ts";
export { selectTimed, type TimedOptions, type TimedSelection } from "./timed.ts";
