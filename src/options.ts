/** Options of the public functions, checked: a name or value that means nothing is an error, not silence. */
import { checkThreads } from "./backends/wasm/features.ts";
import { BackendError, InputError } from "./errors.ts";
import type { SourceOptions } from "./source.ts";

export interface SessionOptions extends SourceOptions {
  /** `auto`, the default, takes the fastest that the device has; `explain()` says which and why. */
  readonly backend?: "auto" | "webgpu" | "wasm";
  /** Default `auto`: as many as help, where memory can be shared with them. */
  readonly threads?: number | "auto";
  /** Default `auto`: relaxed SIMD (fused multiply-add) where the engine has it. */
  readonly simd?: "auto" | "relaxed" | "baseline";
  /** Default `f32`. */
  readonly precision?: "f32" | "f16";
  /** Runs in a worker, so that a page never freezes, and so that a cross-origin isolated page gets threads. Default false. */
  readonly worker?: boolean;
  /** A folder that serves the Wasm modules; without it the inlined ones are used. */
  readonly wasmUrl?: string | URL;
}

/** What an engine is made with, in the page or in a worker: plain data. */
export interface EngineSettings {
  readonly why: string;
  readonly threads: number | "auto";
  readonly simd: "auto" | "relaxed" | "baseline";
  readonly wasmUrl?: string;
}

const known = {
  backend: ["auto", "webgpu", "wasm"],
  simd: ["auto", "relaxed", "baseline"],
  precision: ["f32", "f16"],
  worker: [true, false],
} as const;

/** Throws InputError E_OPTION for unknown options and values, BackendError E_UNSUPPORTED for what this version cannot do. */
export function readOptions(options: SessionOptions): EngineSettings {
  checkKeys(options, [...Object.keys(known), "threads", "wasmUrl", "onProgress", "signal"], "Session.load");
  for (const [name, values] of Object.entries(known)) {
    const value = options[name as keyof typeof known];
    if (value !== undefined && !(values as readonly unknown[]).includes(value)) {
      throw new InputError("E_OPTION", `${name} is ${String(value)}; expected ${values.join(", ")}`);
    }
  }
  const { backend = "auto", threads = "auto", simd = "auto", precision = "f32", wasmUrl, onProgress, signal } = options;
  checkThreads(threads);
  if (onProgress !== undefined && typeof onProgress !== "function") throw new InputError("E_OPTION", "onProgress is no function");
  checkSignal(signal);
  if (backend === "webgpu")
    throw new BackendError("E_UNSUPPORTED", 'this version runs on WebAssembly only; take backend: "auto" or "wasm"');
  if (precision === "f16")
    throw new BackendError(
      "E_UNSUPPORTED",
      'WebAssembly computes in f32; take precision: "f32" (a file with half floats is read all the same)',
    );
  return {
    why: backend === "wasm" ? "WebAssembly was asked for" : "this version runs on WebAssembly; it has no WebGPU backend",
    threads,
    simd,
    ...(wasmUrl !== undefined && { wasmUrl: absolute(wasmUrl) }),
  };
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
