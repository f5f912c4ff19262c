/**
 * The way to an adapter: `navigator.gpu` in pages and workers, the optional package `webgpu` (Dawn) in Node. Small, so that an app can look without
 * loading the backend; and nothing is looked at before it is asked for.
 */
import { importPackage, isNode } from "../platform.ts";

export interface AdapterFacts {
  /** Its description, or vendor and architecture, as far as the browser tells them. */
  readonly name: string;
  /** Computed by the CPU: slower than WebAssembly on the same processor. */
  readonly software: boolean;
}

/** An adapter, or why there is none and what would help, in half a sentence each. */
export type AdapterSearch =
  | { readonly adapter: GPUAdapter }
  | { readonly adapter: undefined; readonly why: string; readonly remedy: string };

/** Node's instance of Dawn; kept, since its devices die with it. */
let dawn: Promise<GPU | undefined> | undefined;

/** The engine's entry to WebGPU, if it has one. */
async function gpuOf(): Promise<GPU | undefined> {
  const own = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (own || !isNode()) return own;
  dawn ??= importPackage<{ create(flags: string[]): GPU }>("webgpu").then(
    ({ create }) => create([]),
    () => undefined,
  );
  return dawn;
}

/** Looks for the default adapter. Never throws. */
export async function searchAdapter(): Promise<AdapterSearch> {
  const gpu = await gpuOf();
  if (!gpu) return { adapter: undefined, ...withoutWebGpu() };
  const remedy = isNode() ? "install a Vulkan driver (VK_ICD_FILENAMES names one)" : "turn on hardware acceleration";
  try {
    const adapter = await gpu.requestAdapter();
    return adapter ? { adapter } : { adapter: undefined, why: "WebGPU has no adapter here", remedy };
  } catch (error) {
    return { adapter: undefined, why: `WebGPU gave no adapter (${(error as Error).message})`, remedy };
  }
}

/** The default adapter, or undefined where there is none. */
export const findAdapter = async (): Promise<GPUAdapter | undefined> => (await searchAdapter()).adapter;

function withoutWebGpu(): { why: string; remedy: string } {
  if (isNode()) return { why: "Node has WebGPU only where the package webgpu is installed", remedy: "npm install webgpu" };
  if (globalThis.isSecureContext === false)
    return { why: "browsers give WebGPU only to pages that come over https or from localhost", remedy: "serve the page so" };
  const worker = typeof document === "undefined";
  return {
    why: `this browser has no WebGPU${worker ? " in workers" : ""}`,
    remedy: worker ? "take worker: false" : "take another browser",
  };
}

/** Adapters that compute on the CPU give themselves away by one of their names. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render|\bcpu\b/i;

export function adapterFacts(info: GPUAdapterInfo | undefined): AdapterFacts {
  const parts = [info?.vendor, info?.architecture, info?.device].filter((part) => part).join(" ");
  // browsers leave most of it out, lest pages tell people apart by it
  const name = info?.description || parts || "an adapter without a name";
  return { name, software: info?.isFallbackAdapter === true || SOFTWARE.test(`${parts} ${name}`) };
}
