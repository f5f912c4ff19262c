/**
 * `swivel-nn/reference`: the oracle. Every op as plain float64 loops, naive on purpose so that the formula can be read, and a backend that runs
 * any graph with them. Apps never ship it; tests compare the other backends with it.
 */
export { type ExactTensors, ReferenceBackend, ReferenceExecutable } from "./executable.ts";
export type { ReferenceIo, ReferenceKernel, ReferenceTable } from "./kernel.ts";
export { reference } from "./table.ts";
