/** What a source of energy readings is: what it covers, in which unit and how finely it counts, and how it is read. */

/** One number that a source gives, again and again. */
export interface Channel {
  /** Unique within its source: "package-0", "package-0/core". */
  readonly id: string;
  /** What its energy is the energy of. */
  readonly covers: string;
  /** Channels of the same source whose energy is part of this one's. */
  readonly contains: readonly string[];
  /** A counter adds energy up; a power is what flows at the moment, a mean power what flowed since the reading before. */
  readonly kind: "counter" | "power" | "mean power";
  /** What raw readings are in. */
  readonly unit: string;
  /** Joules (of a counter) or watts of one raw unit; negative where the counter falls as energy is used. */
  readonly scale: number;
  /** The smallest step, in joules or watts. */
  readonly resolution?: number;
  /** Joules after which a counter starts again at 0. */
  readonly range?: number;
  /** More than flows here, in watts: tells a counter that went round from one that was reset. */
  readonly maxWatts?: number;
}

/** All about a source but how to read it: what a record keeps. */
export interface SourceInfo {
  readonly id: string;
  /** What the headline is the energy of, and what is not in it. */
  readonly covers: string;
  /** Channels that do not overlap and whose sum is the figure; the others are shown beside it and never added. */
  readonly headline: readonly string[];
  readonly channels: readonly Channel[];
  /** Milliseconds between readings; 0 where the source sets the pace. */
  readonly intervalMs: number;
  /** What a reader of the figure should know about its making. */
  readonly notes?: readonly string[];
}

/** All channels at one moment. */
export interface Reading {
  /** Raw, in the order of the channels; null where one could not be read this time. */
  readonly values: readonly (number | null)[];
  /** Why what was read from here on does not count: a charger was plugged in. */
  readonly fault?: string;
}

/** An open source. */
export interface SourceReader {
  /** Throws EnergyError E_SOURCE or E_PERMISSION where the source has stopped. */
  read(): Promise<Reading>;
  close(): Promise<void>;
}

/** A counter or meter of this machine. */
export interface EnergySource {
  readonly info: SourceInfo;
  open(): Promise<SourceReader>;
}

/** One line of `swivel energy sources`. */
export interface SourceListing {
  /** What `--source` takes. */
  readonly id: string;
  readonly available: boolean;
  /** True for a total that no other line of its family contains; false for its parts and for what stands beside it. */
  readonly headline: boolean;
  readonly covers: string;
  readonly unit: string;
  /** Why it is not available, or why it does not count by itself. */
  readonly reason?: string;
  /** The line that contains this one's energy. */
  readonly partOf?: string;
  /** What `--source auto` takes. */
  readonly auto?: true;
  /** The smallest step, in joules or watts. */
  readonly resolution?: number;
  /** Joules after which the counter starts again. */
  readonly range?: number;
}

/** What a family of sources finds on a machine. */
export interface Found {
  readonly listings: readonly SourceListing[];
  readonly sources: readonly EnergySource[];
}

/** A line for a family that has nothing here. */
export const missing = (id: string, covers: string, unit: string, reason: string): Found => ({
  listings: [{ id, available: false, headline: false, covers, unit, reason }],
  sources: [],
});
