/** Options of the public functions, checked: a name or value that means nothing is an error, not silence. */

import type { Explanation } from "./backends/backend.ts";
import { checkThreads } from "./backends/wasm/features.ts";
import { InputError } from "./errors.ts";
import type { SourceOptions } from "./source.ts";

/** Where and how a session runs. */
export interface SessionOptions extends SourceOptions {
  /**
   * `auto`, the default, takes what is faster on this machine by measurement: WebGPU where there is a GPU, or WebAssembly; `explain()` says which and why.
   * `webgpu` throws E_ADAPTER where there is no adapter.
   */
  readonly backend?: "auto" | "webgpu" | "wasm";
  /** A device of the app's own for WebGPU, shared with it: Swivel frees what it has made there, and never destroys it. Not with `worker: true`. */
  readonly device?: GPUDevice;
  /** Default `auto`: as many as help, where memory can be shared with them. */
  readonly threads?: number | "auto";
  /** Default `auto`: relaxed SIMD (fused multiply-add) where the engine has it. */
  readonly simd?: "auto" | "relaxed" | "baseline";
  /**
   * What weights and activations are stored in; sums are always f32. `f16` needs WebGPU and a device with the feature `shader-f16`; elsewhere the model runs
   * in f32, and `explain()` says why. Default `f32`.
   */
  readonly precision?: "f32" | "f16";
  /**
   * Called when the model could not go on where it ran and was loaded elsewhere, with what `explain()` says from then on: the GPU device was lost, or it had no
   * memory left. Runs that were under way are run again and notice nothing.
   */
  readonly onFallback?: (explanation: Explanation) => void;
  /**
   * Runs in a worker, so that a page never freezes, and so that a cross-origin isolated page gets threads. Default `auto`: in a window, unless WebGPU alone
   * or an app's own device is asked for; and where no worker can be started, without one. `explain()` says which and why. `true` throws E_BACKEND instead.
   */
  readonly worker?: boolean | "auto";
  /** A folder that serves the Wasm modules; without it the inlined ones are used. */
  readonly wasmUrl?: string | URL;
}

/** What an engine is made with, in the page or in a worker: plain data. */
export interface EngineSettings {
  readonly backend: "auto" | "webgpu" | "wasm";
  readonly precision: "f32" | "f16";
  readonly threads: number | "auto";
  readonly simd: "auto" | "relaxed" | "baseline";
  readonly wasmUrl?: string;
}

const known = {
  backend: ["auto", "webgpu", "wasm"],
  simd: ["auto", "relaxed", "baseline"],
  precision: ["f32", "f16"],
  worker: ["auto", true, false],
} as const;

/** Throws InputError E_OPTION for unknown options and values, and for those that exclude each other. */
export function readOptions(options: SessionOptions): EngineSettings {
  checkKeys(options, [...Object.keys(known), "device", "threads", "wasmUrl", "onProgress", "onFallback", "signal"], "Session.load");
  for (const [name, values] of Object.entries(known)) {
    const value = options[name as keyof typeof known];
    if (value !== undefined && !(values as readonly unknown[]).includes(value)) {
      throw new InputError("E_OPTION", `${name} is ${String(value)}; expected ${values.join(", ")}`);
    }
  }
  const { backend = "auto", threads = "auto", simd = "auto", precision = "f32", wasmUrl, signal } = options;
  checkThreads(threads);
  for (const name of ["onProgress", "onFallback"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") throw new InputError("E_OPTION", `${name} is no function`);
  }
  checkSignal(signal);
  checkDevice(options);
  return { backend, precision, threads, simd, ...(wasmUrl !== undefined && { wasmUrl: absolute(wasmUrl) }) };
}

function checkDevice({ device, backend, worker }: SessionOptions): void {
  if (device === undefined) return;
  if (typeof (device as Partial<GPUDevice> | null)?.createComputePipelineAsync !== "function")
    throw new InputError("E_OPTION", "device is no GPUDevice; expected what adapter.requestDevice() gives");
  if (worker === true) throw new InputError("E_OPTION", "a GPUDevice cannot go into a worker; take worker: false, or leave device out");
  if (backend === "wasm")
    throw new InputError("E_OPTION", 'backend "wasm" uses no GPUDevice; take backend: "webgpu" or "auto", or leave device out');
}

/** Resolved here, since a worker would resolve a relative address against its own script. */
function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch (error) {
    throw new InputError("E_OPTION", `wasmUrl is ${String(url)}; expected the address of a folder`, { cause: error });
  }
}

/** Throws InputError E_OPTION for a key that is not `allowed`. */
export function checkKeys(options: unknown, allowed: readonly string[], of: string): void {
  if (typeof options !== "object" || options === null)
    throw new InputError("E_OPTION", `the options of ${of} are ${String(options)}; expected an object`);
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw new InputError("E_OPTION", `${of} has no option "${unknown}"; it has ${allowed.join(", ")}`);
}

export function checkSignal(signal: unknown): void {
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.addEventListener !== "function") {
    throw new InputError("E_OPTION", "signal is no AbortSignal; expected the signal of an AbortController");
  }
}
