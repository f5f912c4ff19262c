/** The module's memory: grown as plans need it, written and read at addresses. */
import { BackendError } from "../../errors.ts";
import type { DType, TensorData } from "../../graph/graph.ts";
import { ALIGNMENT } from "../../plan/memory.ts";

const PAGE = 65536;

export const alignUp = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** All of it; made anew when it grows. */
  ints: Int32Array<ArrayBuffer>;

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
  }

  putBytes(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.ints.buffer).set(bytes, at);
  }

  /** Writes numbers; their type is the value's, whatever the array's. */
  put(at: number, dtype: DType, data: TensorData): void {
    const Type = dtype === "i32" ? Int32Array : Float32Array;
    new Type(this.ints.buffer, at, data.length).set(data);
  }

  /** A copy that belongs to the caller; `.slice()` of a view over shared memory would be shared too. */
  copy(at: number, dtype: DType, size: number): TensorData {
    return dtype === "i32"
      ? new Int32Array(new Int32Array(this.ints.buffer, at, size))
      : new Float32Array(new Float32Array(this.ints.buffer, at, size));
  }
}
