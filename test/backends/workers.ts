/**
 * Runs a plan as any number of workers would, on one thread and without a backend: worker after worker, step by step. A worker passes the
 * barrier alone where the control block says that all others have arrived.
 */
import { fromText } from "../../src/backends/wasm/binary.ts";
import { CONTROL_BYTES, type ControlField, controlIndex } from "../../src/backends/wasm/control.ts";
import { chooseSimd, type Simd } from "../../src/backends/wasm/features.ts";
import { placePrepared } from "../../src/backends/wasm/prepared.ts";
import { encodeProgram } from "../../src/backends/wasm/program.ts";
import type { Tensors } from "../../src/graph/graph.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { trainingKernels } from "../../training/backends/lowering.ts";

const CONTROL = 1024;
const PERSISTENT = 2048;
const PAGE = 65536;

/** A range of bytes that a run may change. */
type Range = readonly [from: number, to: number];

type RunSteps = (control: number, from: number, to: number, worker: number) => number;

export class Workers {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  readonly #run: RunSteps;

  private constructor(module: WebAssembly.Module) {
    this.#run = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports.run as RunSteps;
  }

  /** The training module of one SIMD level. */
  static async create(simd: Simd): Promise<Workers> {
    await chooseSimd(simd);
    const generated =
      simd === "relaxed" ? import("../../training/backends/generated/relaxed.ts") : import("../../training/backends/generated/baseline.ts");
    return new Workers(new WebAssembly.Module(fromText((await generated).text)));
  }

  /**
   * Runs `plan` once, every byte that holds no tensor set so that it is part of a NaN. Returns the bytes of each value of `outputs`, and the
   * address of a byte that was written although it belongs neither to them nor to scratch memory (−1 if there is none).
   */
  run(plan: Plan, workers: number, tensors: Tensors, outputs: readonly { name: string; elements: number }[]) {
    const prepared = PERSISTENT + plan.persistent.bytes;
    const weights = placePrepared(plan, trainingKernels);
    const base = prepared + weights.bytes;
    const program = encodeProgram(plan, trainingKernels, { base, persistent: PERSISTENT, prepared, weights, workers });
    const missing = Math.ceil((program.end - this.#memory.buffer.byteLength) / PAGE);
    if (missing > 0) this.#memory.grow(missing);
    const memory = new Uint8Array(this.#memory.buffer, 0, program.end).fill(0xff);
    memory.set(program.image, base);
    for (const [name, data] of Object.entries(tensors)) memory.set(new Uint8Array(data.buffer), program.addressOf(name));
    const before = memory.slice();

    const control = new Int32Array(this.#memory.buffer, CONTROL, CONTROL_BYTES / 4).fill(0);
    const set = (field: ControlField, value: number): void => {
      control[controlIndex[field]] = value;
    };
    set("workers", workers);
    set("program", base);
    set("scratch", program.scratch);
    set("scratchStride", program.scratchStride);
    for (let step = 0; step < program.steps; step++) {
      // the last worker first: the order must not matter
      for (let worker = workers - 1; worker >= 0; worker--) {
        set("arrived", workers - 1);
        this.#run(CONTROL, step, step + 1, worker);
      }
    }

    const ranges = outputs.map(({ name, elements }): Range => [program.addressOf(name), program.addressOf(name) + 4 * elements]);
    const allowed: Range[] = [[CONTROL, CONTROL + CONTROL_BYTES], [prepared, base], [program.scratch, program.arena], ...ranges];
    return { bytes: ranges.map(([from, to]) => memory.slice(from, to)), stray: firstChange(before, memory, allowed) };
  }
}

function firstChange(before: Uint8Array, after: Uint8Array, allowed: readonly Range[]): number {
  const copy = after.slice();
  for (const [from, to] of allowed) copy.set(before.subarray(from, to), from);
  return Buffer.compare(before, copy) === 0 ? -1 : copy.findIndex((byte, i) => byte !== before[i]);
}
