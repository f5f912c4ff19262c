/** `swivel-nn/energy`: what a network's inferences cost in joules, with error bars, from counters that are really there. */
export { type Analysable, type Analysis, type ArmResult, analyse, type ComparisonResult, MIN_PAIRS } from "./analyse.ts";
export { type Estimate, type EstimateOptions, estimateEnergy, type NodeEstimate } from "./estimate/estimate.ts";
export { ENERGY_TABLES, type EnergyTable } from "./estimate/table.ts";
export { type AlignOptions, align } from "./import/align.ts";
export { type ColumnNames, PRESETS, type Role } from "./import/columns.ts";
export { readFirefox } from "./import/firefox.ts";
export { type ImportOptions, importRecording } from "./import/import.ts";
export type { Imported } from "./import/imported.ts";
export { type MeterOptions, readMeter } from "./import/meter.ts";
export { type PerfettoOptions, readPerfetto } from "./import/perfetto.ts";
export { makeMarks, makeRecord } from "./make.ts";
export { type EnergyPageOptions, mountEnergyPage } from "./page/mount.ts";
export { type Noise, noiseOf, type Plan, planPairs } from "./plan.ts";
export { contenderOf, type Feed, type NetworkFile, randomFeed } from "./protocol/network.ts";
export { Recorder, type RecorderClock } from "./protocol/recorder.ts";
export { type Contender, type Course, type Host, type Progress, runCourse, type Workload } from "./protocol/run.ts";
export { type Slot, scheduleOf } from "./protocol/schedule.ts";
export { defaultSettings, readSettings, secondsOf } from "./protocol/settings.ts";
export type {
  Arm,
  ArmName,
  Clock,
  ComparisonName,
  Device,
  EnergyRecord,
  Latency,
  Mark,
  Marks,
  Samples,
  Settings,
} from "./record.ts";
export { renderReport } from "./report/render.ts";
export { marksSchema, recordSchema, type Schema } from "./schema.ts";
export type { Channel, EnergySource, Reading, SourceInfo, SourceListing, SourceReader } from "./source.ts";
export type { Commands, LineStream } from "./sources/commands.ts";
export { findSources, openSource, type SourceOptions } from "./sources/index.ts";
export type { Tree } from "./sources/tree.ts";
export { type EnergyTrace, energyBetween, traceOf } from "./trace.ts";
export { differences, readMarks, readRecord } from "./validate.ts";
export { claim, verdictOf } from "./verdict.ts";
