/** What the engine at hand can do. Nothing here runs at import time. */
import { BackendError, InputError } from "../../errors.ts";
import { importNode, isNode } from "../platform.ts";
import { MAX_WORKERS } from "./control.ts";

export type Simd = "relaxed" | "baseline";

/** `() → v128` around one instruction: the smallest module that an engine accepts only if it knows that instruction. */
const probe = (...body: number[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array([
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    123,
    3,
    2,
    1,
    0,
    10,
    body.length + 4,
    1,
    body.length + 2,
    0,
    ...body,
    11,
  ]);

/** v128.const of zeros */
const ZERO = [253, 12, ...new Array<number>(16).fill(0)];

/** True in a page's window, where waiting is forbidden, and so are threads that wait for each other. */
export const isWindow = (): boolean => !isNode() && typeof document !== "undefined" && typeof window !== "undefined";

/** The SIMD level to use. Throws BackendError E_UNSUPPORTED where there is no SIMD at all, or not the level that was asked for. */
export async function chooseSimd(wanted: Simd | "auto"): Promise<Simd> {
  // where scripts are only interpreted (iOS' lockdown mode) there is no WebAssembly at all
  if (!globalThis.WebAssembly?.validate(probe(...ZERO))) {
    throw new BackendError("E_UNSUPPORTED", "this engine has no WebAssembly SIMD (Safari has it since 16.4); update it");
  }
  if (wanted === "baseline") return "baseline";
  // f32x4.relaxed_madd
  const relaxed = probe(...ZERO, ...ZERO, ...ZERO, 253, 133, 2);
  if (!WebAssembly.validate(relaxed) && isNode()) {
    // Node 20 has relaxed SIMD behind a flag; newer ones have it on
    const { setFlagsFromString } = await importNode<typeof import("node:v8")>("v8");
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  if (WebAssembly.validate(relaxed)) return "relaxed";
  if (wanted === "auto") return "baseline";
  throw new BackendError("E_UNSUPPORTED", 'this engine has no relaxed SIMD; take simd: "auto" or "baseline"');
}

/** Throws InputError E_OPTION for anything but "auto" and 1 to 64. */
export function checkThreads(threads: unknown): void {
  if (threads === "auto" || (Number.isInteger(threads) && (threads as number) >= 1 && (threads as number) <= MAX_WORKERS)) return;
  throw new InputError("E_OPTION", `threads is ${String(threads)}; expected "auto" or an integer from 1 to ${MAX_WORKERS}`);
}

/** How many threads to use, and why; `wanted` is what the caller asked for, `inWindow` whether it is a window whose thread will wait for them. */
export async function chooseThreads(wanted: number | "auto", inWindow = isWindow()): Promise<{ threads: number; why: string }> {
  checkThreads(wanted);
  if (wanted === 1) return { threads: 1, why: "one thread was asked for" };
  if (!isNode() && globalThis.crossOriginIsolated !== true) {
    return {
      threads: 1,
      why: "the page is not cross-origin isolated (by COOP and COEP headers), so threads cannot share memory",
    };
  }
  if (typeof SharedArrayBuffer === "undefined") return { threads: 1, why: "this browser has no SharedArrayBuffer" };
  if (inWindow) {
    return { threads: 1, why: "a window may not wait for threads; in a worker they can be used" };
  }
  // the making of a worker within a worker now and then never ends there
  if (wanted === "auto" && !isNode() && /Firefox/.test(navigator.userAgent))
    return { threads: 1, why: "Firefox may hang where threads start; ask for a number of them to have them all the same" };
  const cores = isNode() ? (await importNode<typeof import("node:os")>("os")).availableParallelism() : navigator.hardwareConcurrency;
  // more than physical cores, or small cores among them, keep the others waiting: four is where phones and laptops stop gaining
  if (wanted === "auto") return { threads: Math.min(cores, 4), why: `${cores} cores are available` };
  return { threads: wanted, why: `${wanted} threads were asked for` };
}
