/** What can go wrong on a device, turned into typed errors: it is lost, it has no memory left, or it refuses a command. */
import { BackendError } from "../../errors.ts";

export class Faults {
  readonly #device: GPUDevice;
  readonly #lost: Promise<never>;
  #fault: BackendError | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#lost = device.lost.then(({ reason, message }) => {
      const why = reason === "destroyed" ? "it was destroyed" : message || "the driver gave no reason";
      this.#fault = new BackendError("E_DEVICE_LOST", `the GPU device was lost: ${why}; load the model again, or take the backend wasm`);
      throw this.#fault;
    });
    this.#lost.catch(() => {});
    device.addEventListener("uncapturederror", this.#onError);
  }

  /** Throws where the device is known to be lost or broken. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /** The same as `work`, but rejects as soon as the device is lost: not every promise of a lost device settles. */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await Promise.race([work, this.#lost]);
      this.check();
      return value;
    } catch (error) {
      // a promise that a lost device rejects does so before `lost` settles
      if (!(error instanceof BackendError)) await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, 50))]);
      this.check();
      throw error instanceof BackendError
        ? error
        : new BackendError("E_BACKEND", `WebGPU failed: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Runs `make`, and throws BackendError E_MEMORY or E_BACKEND naming `what` where the device could not do it. */
  async scope<T>(what: string, make: () => T): Promise<T> {
    this.#device.pushErrorScope("validation");
    this.#device.pushErrorScope("out-of-memory");
    let made: T | undefined;
    let thrown: unknown;
    try {
      made = make();
    } catch (error) {
      // a size beyond the limits is a RangeError in some engines
      thrown = error;
    }
    const memory = this.#device.popErrorScope();
    const validation = this.#device.popErrorScope();
    const [outOfMemory, invalid] = await this.guard(Promise.all([memory, validation]));
    if (outOfMemory || thrown instanceof RangeError) {
      throw new BackendError("E_MEMORY", `the GPU has no memory for ${what}; run a smaller batch, or take the backend wasm`, {
        cause: outOfMemory ?? thrown,
      });
    }
    if (invalid || thrown) {
      const message = invalid?.message ?? (thrown as Error).message;
      throw new BackendError("E_BACKEND", `WebGPU refused ${what}: ${message}`, { cause: invalid ?? thrown });
    }
    return made as T;
  }

  dispose(): void {
    this.#device.removeEventListener("uncapturederror", this.#onError);
  }

  /** A command that was refused after it was given: the next run says so. */
  readonly #onError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#fault ??= new BackendError(
      error.constructor.name === "GPUOutOfMemoryError" ? "E_MEMORY" : "E_BACKEND",
      `WebGPU refused a command: ${error.message}; take the backend wasm, and tell us`,
    );
  };
}
