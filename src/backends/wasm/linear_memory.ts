/** The module's memory: grown as plans need it, written and read at addresses. */
import { BackendError } from "../../errors.ts";
import type { DType, TensorData } from "../../graph/graph.ts";
import { ALIGNMENT } from "../../plan/memory.ts";

const PAGE = 65536;

export const alignUp = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** All of it, made anew when it grows: a view for each copy would be felt by small models. */
  ints: Int32Array<ArrayBuffer>;
  #floats: Float32Array<ArrayBuffer>;

  /** Shared memory needs its maximum at once, and phones refuse to promise 4 GB. Throws BackendError E_MEMORY. */
  constructor(shared: boolean) {
    let memory: WebAssembly.Memory | undefined;
    for (const maximum of [65536, 16384, 4096]) {
      try {
        memory ??= new WebAssembly.Memory({ initial: 1, maximum, shared });
      } catch {
        // try to promise less
      }
    }
    if (!memory) throw new BackendError("E_MEMORY", "this engine gives no WebAssembly memory; close other pages");
    this.memory = memory;
    this.ints = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
  }

  /** Grows to hold `end` bytes. Throws BackendError E_MEMORY. */
  reserve(end: number): void {
    const missing = Math.ceil(end / PAGE) - this.ints.byteLength / PAGE;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (error) {
      const needed = Math.ceil(end / 2 ** 20);
      throw new BackendError("E_MEMORY", `the plan needs ${needed} MB, more than this engine gives; run a smaller batch`, { cause: error });
    }
    this.ints = new Int32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
  }

  putBytes(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.ints.buffer).set(bytes, at);
  }

  /** Writes numbers; their type is the value's, whatever the array's. */
  put(at: number, dtype: DType, data: TensorData): void {
    this.#view(dtype).set(data, at / 4);
  }

  /** A copy that belongs to the caller, and is not shared. */
  copy(at: number, dtype: DType, size: number): TensorData {
    return this.#view(dtype).slice(at / 4, at / 4 + size);
  }

  #view(dtype: DType): Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
    return dtype === "i32" ? this.ints : this.#floats;
  }
}
