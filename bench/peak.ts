/** The multiply-add peak of this processor and engine, as the yardstick for kernels: measure both by turns, and compare within the run. */
import v8 from "node:v8";
import { compileAssembly, type Simd } from "../tools/asc.ts";

export interface Peak {
  /** Spins for about `ms` milliseconds; returns 10⁹ multiply-adds (of single floats) per second. */
  run(ms: number): number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly MACS_PER_TURN: WebAssembly.Global;
  spin(turns: number, at: number): number;
}

/** Turns between two looks at the clock: some tens of microseconds. */
const TURNS = 10_000;
/** Addresses below are AssemblyScript's. */
const FACTORS = 4096;

/** Compiles the loop for one SIMD level. Node needs a flag for relaxed SIMD, which is set here. */
export async function measurePeak(simd: Simd): Promise<Peak> {
  if (simd === "relaxed") v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  const { instance } = await WebAssembly.instantiate(await compileAssembly("assembly/bench/peak.ts", simd, { memory: "own" }), { env: {} });
  const { spin, memory, MACS_PER_TURN } = instance.exports as unknown as Exports;
  // a multiplied accumulator must neither vanish into slow subnormal numbers nor grow without bounds
  new Float32Array(memory.buffer).fill(0.5, FACTORS / 4, FACTORS / 4 + 8);
  const run = (ms: number): number => {
    const start = performance.now();
    let turns = 0;
    let passed = 0;
    do {
      spin(TURNS, FACTORS);
      turns += TURNS;
      passed = performance.now() - start;
    } while (passed < ms);
    return (turns * (MACS_PER_TURN.value as number)) / passed / 1e6;
  };
  // long enough for the engine's optimising compiler
  run(200);
  return { run };
}
