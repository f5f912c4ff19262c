/**
 * Runs a plan as any number of workers would, on one thread and without a backend: worker after worker, step by step. A worker does only its own share of a
 * step where the control block says that others have taken theirs, and returns where it says that helpers shall quit.
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

interface Exports {
  run(control: number): void;
  serve(control: number, worker: number): void;
}

export class Workers {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  readonly #exports: Exports;

  private constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports as unknown as Exports;
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
   * address of a byte that was written although it belongs neither to them nor to scratch memory (−1 if there is none). With `helpers` each worker does its
   * own share; without them the first finds that nobody comes, and does all.
   */
  run(plan: Plan, workers: number, tensors: Tensors, outputs: readonly { name: string; elements: number }[], helpers = true) {
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
    if (helpers) {
      set("quit", 1);
      for (let step = 0; step < program.steps; step++) {
        set("step", step);
        set("to", step + 1);
        set("left", workers);
        set("generation", 2 * step + 1);
        // the last worker first: the order must not matter
        for (let worker = workers - 1; worker >= 0; worker--) {
          control.fill(2 * step + 1, controlIndex.taken);
          control[controlIndex.taken + worker] = 0;
          this.#exports.serve(CONTROL, worker);
        }
      }
    } else if (program.steps > 0) {
      set("step", 0);
      set("to", program.steps);
      this.#exports.run(CONTROL);
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
