/** Readings that were recorded elsewhere. */
import type { Samples } from "../record.ts";
import type { SourceInfo } from "../source.ts";

/** A recording from elsewhere, read but not yet set against marks. */
export interface Imported {
  readonly source: SourceInfo;
  readonly samples: Samples;
  /** `same clock`: that of the marks; `same device`: milliseconds since 1970 on a clock of the same device; `time stamps`: the same on one that may be off; `none`: since anything. */
  readonly clock: "same clock" | "same device" | "time stamps" | "none";
  /** The figure is the device's only while nothing flows into its battery. */
  readonly batteryMustBeFull: boolean;
}
