/** Buffers of a device: made under a scope that says which one did not fit, written, read back, and freed together. */
import { BackendError } from "../../errors.ts";
import type { Faults } from "./faults.ts";
import { alignUp, MAP_READ, USAGE } from "./usage.ts";

/** A range of a buffer to be read back. */
export interface Range {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** A copy out of the device's memory, in three moves. */
export interface Reading {
  /** Copies the ranges after all commands recorded so far. */
  record(encoder: GPUCommandEncoder): void;
  /** Waits for the copy, once it is submitted: the bytes of each range, in their order. */
  bytes(): Promise<ArrayBuffer[]>;
  /** Instead of `record`, where nothing is read after all. */
  cancel(): void;
}

/** Staging buffers that wait for their next use. */
const MAX_IDLE = 4;

export class DeviceMemory {
  readonly device: GPUDevice;
  readonly #faults: Faults;
  #idle: GPUBuffer[] = [];
  #disposed = false;

  constructor(device: GPUDevice, faults: Faults) {
    this.device = device;
    this.#faults = faults;
  }

  /** Buffers that live and die together. */
  group() {
    const buffers: GPUBuffer[] = [];
    let destroyed = false;
    return {
      /** `what` names it in errors. Throws BackendError E_MEMORY. */
      create: async (what: string, bytes: number, usage: number): Promise<GPUBuffer> => {
        const buffer = await this.#create(what, bytes, usage);
        if (destroyed) buffer.destroy();
        buffers.push(buffer);
        return buffer;
      },
      write: (buffer: GPUBuffer, data: ArrayBuffer | ArrayBufferView<ArrayBuffer>, offset = 0): void => {
        this.device.queue.writeBuffer(buffer, offset, data as BufferSource);
      },
      destroy: (): void => {
        destroyed = true;
        for (const buffer of buffers) buffer.destroy();
      },
    };
  }

  /** Makes room for ranges in memory that the CPU can read. */
  async reading(ranges: readonly Range[]): Promise<Reading> {
    const total = ranges.reduce((sum, { bytes }) => sum + alignUp(bytes, 4), 0);
    const staging = await this.#staging(total);
    return {
      record: (encoder) => {
        let at = 0;
        for (const { buffer, offset, bytes } of ranges) {
          encoder.copyBufferToBuffer(buffer, offset, staging, at, alignUp(bytes, 4));
          at += alignUp(bytes, 4);
        }
      },
      bytes: async () => {
        try {
          await this.#faults.guard(staging.mapAsync(MAP_READ));
        } catch (error) {
          staging.destroy();
          throw error;
        }
        const mapped = staging.getMappedRange();
        let at = 0;
        const copies = ranges.map(({ bytes }) => {
          at += alignUp(bytes, 4);
          return mapped.slice(at - alignUp(bytes, 4), at - alignUp(bytes, 4) + bytes);
        });
        staging.unmap();
        this.#giveBack(staging);
        return copies;
      },
      cancel: () => this.#giveBack(staging),
    };
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#idle) buffer.destroy();
    this.#idle = [];
  }

  async #create(what: string, bytes: number, usage: number): Promise<GPUBuffer> {
    const { limits } = this.device;
    const limit = Math.min(limits.maxBufferSize, usage & USAGE.STORAGE ? limits.maxStorageBufferBindingSize : limits.maxBufferSize);
    if (bytes > limit) {
      const [needed, most] = [bytes, limit].map((size) => (size / 1e6).toFixed(1));
      throw new BackendError(
        "E_MEMORY",
        `${what} needs ${needed} MB in one buffer, the GPU takes ${most}; run a smaller batch, or take the backend wasm`,
      );
    }
    return this.#faults.scope(what, () => this.device.createBuffer({ label: what, size: alignUp(bytes, 16), usage }));
  }

  async #staging(bytes: number): Promise<GPUBuffer> {
    const fits = this.#idle.findIndex((buffer) => buffer.size >= bytes && buffer.size <= 4 * bytes + 4096);
    const found = fits >= 0 ? this.#idle.splice(fits, 1)[0] : undefined;
    return found ?? this.#create("the outputs", Math.max(16, bytes), USAGE.MAP_READ | USAGE.COPY_DST);
  }

  #giveBack(buffer: GPUBuffer): void {
    if (this.#disposed) {
      buffer.destroy();
      return;
    }
    this.#idle.push(buffer);
    if (this.#idle.length > MAX_IDLE) this.#idle.shift()?.destroy();
  }
}
