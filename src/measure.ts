/** Which of several executables is fastest on this machine, now. */
import type { Executable, Tensors } from "./backends/backend.ts";
import { AbortedError } from "./errors.ts";
import { sizeOf, type Value } from "./graph/graph.ts";
import { median } from "./intervals.ts";

/** The first runs of an executable make room for the plan and wake clocks and threads up. */
const WARM_UPS = 2;
const MAX_TURNS = 11;
const MIN_TURNS = 3;
/** After so much measuring the least number of turns does. */
const ENOUGH_MS = 250;

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

/**
 * Milliseconds of one run of each, reading its outputs too: medians of runs in turns, since machines change their clocks and only what alternates can
 * be compared. Throws AbortedError, and what a run throws.
 */
export async function mediansInTurns(executables: readonly Executable[], inputs: Tensors, options: MeasureOptions = {}): Promise<number[]> {
  const { signal, now = () => performance.now() } = options;
  const run = async (executable: Executable): Promise<number> => {
    if (signal?.aborted) throw new AbortedError("loading", { cause: signal.reason });
    const start = now();
    await executable.run(inputs);
    return now() - start;
  };
  for (const executable of executables) for (let i = 0; i < WARM_UPS; i++) await run(executable);
  const times = executables.map((): number[] => []);
  const start = now();
  for (let turn = 0; turn < MAX_TURNS && (turn < MIN_TURNS || now() - start < ENOUGH_MS); turn++) {
    for (const [i, executable] of executables.entries()) times[i]?.push(await run(executable));
  }
  return times.map(median);
}

/** Zeros for each of the values. */
export function zerosFor(values: readonly Pick<Value, "name" | "dtype" | "shape">[], batch = 1): Tensors {
  const zeros = values.map(({ name, dtype, shape }) => {
    const size = sizeOf(shape.map((dim) => (dim === "N" ? batch : dim)));
    return [name, dtype === "i32" ? new Int32Array(size) : new Float32Array(size)] as const;
  });
  return Object.fromEntries(zeros);
}
