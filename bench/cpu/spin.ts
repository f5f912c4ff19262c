/** The register-only loop of multiply-adds (assembly/bench/peak.ts), by one thread or several. */

/** One call of the loop. */
export interface Spin {
  readonly macsPerTurn: number;
  spin(turns: number): void;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly MACS_PER_TURN: WebAssembly.Global;
  spin(turns: number, at: number): number;
}

/** Where the factors lie; addresses below are AssemblyScript's. */
const FACTORS = 4096;

export async function instantiateSpin(module: WebAssembly.Module): Promise<Spin> {
  const { exports } = await WebAssembly.instantiate(module, { env: {} });
  const { spin, memory, MACS_PER_TURN } = exports as unknown as Exports;
  // a multiplied accumulator must neither vanish into slow subnormal numbers nor grow without bounds
  new Float32Array(memory.buffer).fill(0.5, FACTORS / 4, FACTORS / 4 + 8);
  return { macsPerTurn: MACS_PER_TURN.value as number, spin: (turns) => void spin(turns, FACTORS) };
}

/** The loop by several threads at once. */
export interface Spinners {
  /** Multiply-adds of one call of `run`, by all threads together. */
  readonly macs: number;
  run(): Promise<void>;
  dispose(): void;
}

/** What a helper is sent; then it waits for `CALL` to change, spins, and counts up `DONE`. */
export interface SpinStart {
  readonly module: WebAssembly.Module;
  readonly shared: Int32Array<SharedArrayBuffer>;
  readonly turns: number;
}

export const CALL = 0;
export const DONE = 1;

/** A call takes about so long, against which the start of helpers is short. */
const CALL_MS = 4;

/** In a cross-origin isolated page. `helper`: address of the script that serves, bench/pages/spin_worker.ts. Throws Error where a helper does not start. */
export async function startSpinners(module: WebAssembly.Module, threads: number, helper: URL): Promise<Spinners> {
  const { spin, macsPerTurn } = await instantiateSpin(module);
  const turns = turnsIn(CALL_MS, spin);
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const helpers = await Promise.all(
    Array.from({ length: threads - 1 }, async () => {
      const worker = new Worker(helper, { type: "module" });
      await new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = (event) => reject(new Error(event.message || "the helper of the register-only loop did not start"));
        worker.postMessage({ module, shared, turns } satisfies SpinStart);
      });
      return worker;
    }),
  );
  return {
    macs: threads * turns * macsPerTurn,
    async run() {
      Atomics.store(shared, DONE, 0);
      Atomics.add(shared, CALL, 1);
      Atomics.notify(shared, CALL);
      spin(turns);
      while (Atomics.load(shared, DONE) < helpers.length);
    },
    dispose() {
      for (const worker of helpers) worker.terminate();
    },
  };
}

/** How many turns take `ms` milliseconds, once the engine's optimising compiler is through with them. */
function turnsIn(ms: number, spin: (turns: number) => void): number {
  const turns = 10_000;
  const end = performance.now() + 150;
  let best = Number.POSITIVE_INFINITY;
  let start = performance.now();
  do {
    for (let i = 0; i < 10; i++) spin(turns);
    const now = performance.now();
    best = Math.min(best, (now - start) / 10);
    start = now;
  } while (start < end);
  return Math.ceil((turns * ms) / best);
}
