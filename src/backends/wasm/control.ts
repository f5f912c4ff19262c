/**
 * The control block that the host shares with the Wasm workers: 4-byte fields in this order. `assembly/generated/control.ts` is made from it.
 * The host writes them only while no run is on, but for `abort`.
 */
export const CONTROL_FIELDS = [
  /** Odd while a step is on, and then larger by 2 than at the step before; what workers wait for. */
  "generation",
  /** Workers that may have to be woken. */
  "sleepers",
  /** Raised by the host to stop a run between two steps. */
  "abort",
  /** Raised by the host to end helpers. */
  "quit",
  "workers",
  /** The program: pairs of (opcode, pointer). */
  "program",
  /** The step that is on, and the one before which the run ends. */
  "step",
  "to",
  /** Scratch memory of worker 0, and the distance to the next worker's. */
  "scratch",
  "scratchStride",
  /** Shares of the step that are not done. */
  "left",
  /** For each share, in as many fields as there are workers at most, the generation in which it was taken last. */
  "taken",
] as const;

export const MAX_WORKERS = 64;

export type ControlField = (typeof CONTROL_FIELDS)[number];

/** Index of a field in an Int32Array over the block. */
export const controlIndex = Object.fromEntries(CONTROL_FIELDS.map((name, i) => [name, i])) as Readonly<Record<ControlField, number>>;
export const CONTROL_BYTES = 4 * (CONTROL_FIELDS.length - 1 + MAX_WORKERS);
