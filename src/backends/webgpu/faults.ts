/** What can go wrong on a device, turned into typed errors: it is lost, it has no memory left, or it refuses a command. */
import { BackendError } from "../../errors.ts";

/** How long `lost` may take to settle after the promise that failed because of it. */
const LOST_MS = 50;

export class Faults {
  readonly #device: GPUDevice;
  /** A device of our own reports every refused command in one place. On an app's device the app's own errors would come along. */
  readonly #owned: boolean;
  /** Why the device is gone, once it is. */
  readonly lost: Promise<string>;
  readonly #waiting = new Set<(fault: BackendError) => void>();
  #fault: BackendError | undefined;

  constructor(device: GPUDevice, owned: boolean) {
    this.#device = device;
    this.#owned = owned;
    this.lost = device.lost.then(({ reason, message }) => {
      const why = reason === "destroyed" ? "it was destroyed" : message.trim().replace(/\.$/, "") || "the driver gave no reason";
      this.#fault = new BackendError("E_DEVICE_LOST", `the GPU device was lost: ${why}; load the model again, or take the backend wasm`);
      for (const fail of this.#waiting) fail(this.#fault);
      return why;
    });
    if (owned) device.addEventListener("uncapturederror", this.#onError);
  }

  /** Throws where the device is known to be lost or broken. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /** The same as `work`, but rejects as soon as the device is lost: not every promise of a lost device settles. */
  async guard<T>(work: Promise<T>): Promise<T> {
    // a promise of its own, since what waits for `lost` itself is kept until the device goes
    let fail: (fault: BackendError) => void = () => {};
    const fault = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#waiting.add(fail);
    if (this.#fault) fail(this.#fault);
    try {
      const value = await Promise.race([work, fault]);
      this.check();
      return value;
    } catch (error) {
      // a promise that a lost device rejects does so before `lost` settles
      if (!(error instanceof BackendError)) await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, LOST_MS))]);
      this.check();
      throw error instanceof BackendError
        ? error
        : new BackendError("E_BACKEND", `WebGPU failed: ${(error as Error).message}`, { cause: error });
    } finally {
      this.#waiting.delete(fail);
    }
  }

  /** Gives commands; one that the device refuses is a fault of which the next `guard` or `check` tells. */
  watch<T>(give: () => T): T {
    if (this.#owned) return give();
    this.#device.pushErrorScope("validation");
    this.#device.pushErrorScope("out-of-memory");
    try {
      return give();
    } finally {
      for (let scope = 0; scope < 2; scope++) {
        this.#device.popErrorScope().then(
          (error) => error && this.#refused(error),
          // of a lost device; that is told by `lost`
          () => {},
        );
      }
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
    if (this.#owned) this.#device.removeEventListener("uncapturederror", this.#onError);
  }

  readonly #onError = (event: Event): void => this.#refused((event as GPUUncapturedErrorEvent).error);

  #refused(error: GPUError): void {
    const memory = error.constructor.name === "GPUOutOfMemoryError";
    this.#fault ??= new BackendError(
      memory ? "E_MEMORY" : "E_BACKEND",
      `WebGPU refused a command: ${error.message}; take the backend wasm, and tell us`,
    );
  }
}
