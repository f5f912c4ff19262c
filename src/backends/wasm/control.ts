/**
 * The control block that the host shares with the Wasm workers: 4-byte fields in this order. `assembly/generated/control.ts` is made from it.
 * The host writes the second half only while no run is on.
 */
export const CONTROL_FIELDS = [
  /** Workers that have reached the barrier. */
  "arrived",
  /** Counts barriers. */
  "generation",
  /** Raised by the host to stop a run between two steps. */
  "abort",
  /** The generation at which the workers stopped last; never reset. */
  "stop",
  /** Counts runs; helpers sleep on it. */
  "epoch",
  /** Raised by the host to end helpers. */
  "quit",
  "workers",
  /** The program: pairs of (opcode, pointer). */
  "program",
  "from",
  "to",
  /** Scratch memory of worker 0, and the distance to the next worker's. */
  "scratch",
  "scratchStride",
] as const;

export type ControlField = (typeof CONTROL_FIELDS)[number];

/** Index of a field in an Int32Array over the block. */
export const controlIndex = Object.fromEntries(CONTROL_FIELDS.map((name, i) => [name, i])) as Readonly<Record<ControlField, number>>;
export const CONTROL_BYTES = 4 * CONTROL_FIELDS.length;
