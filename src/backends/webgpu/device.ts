/**
 * Where a device comes from, and what is known of it. In browsers from `navigator.gpu`; in Node from the optional package `webgpu` (Dawn).
 * Nothing is looked at before it is asked for.
 */
import { BackendError } from "../../errors.ts";
import { importPackage, isNode } from "../platform.ts";

export interface GpuOptions {
  /** A device of the app's own, shared with it; it stays the app's to destroy. */
  readonly device?: GPUDevice;
  /** What weights and activations are stored in. `f16` needs the feature `shader-f16`; without it f32 is taken and `explain()` says so. */
  readonly precision?: "f32" | "f16";
  readonly signal?: AbortSignal;
}

/** A device and what a choice may depend on. */
export interface GpuHost {
  readonly device: GPUDevice;
  readonly adapter: AdapterFacts;
  readonly precision: "f32" | "f16";
  /** Why the precision is not what was asked for; undefined where it is. */
  readonly precisionWhy: string | undefined;
  /** Destroyed with the backend; false where the app brought it. */
  readonly owned: boolean;
}

export interface AdapterFacts {
  /** Vendor, architecture and description as far as the browser tells them. */
  readonly name: string;
  /** Computed by the CPU: slower than WebAssembly on the same processor. */
  readonly software: boolean;
}

const REMEDY = isNode()
  ? "install the package webgpu and a Vulkan driver (VK_ICD_FILENAMES names one), or take the backend wasm"
  : "take the backend wasm, or a browser with WebGPU";

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

/** The default adapter, or undefined where there is none. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  try {
    return (await (await gpuOf())?.requestAdapter()) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Adapters that compute on the CPU give themselves away by one of their names. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render|\bcpu\b/i;

export function factsOf(info: GPUAdapterInfo | undefined): AdapterFacts {
  const names = [info?.vendor, info?.architecture, info?.device, info?.description].filter((name) => name);
  const name = [...new Set(names)].join(" ") || "an adapter without a name";
  return { name, software: info?.isFallbackAdapter === true || SOFTWARE.test(name) };
}

/** Buffers may be as large as the adapter allows; everything else keeps within the limits that WebGPU promises everywhere. */
const LARGER_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** Throws BackendError E_ADAPTER where there is no adapter or it gives no device. */
export async function openDevice({ device, precision = "f32" }: GpuOptions): Promise<GpuHost> {
  if (device) return host(device, factsOf(device.adapterInfo), precision, false);
  const adapter = await findAdapter();
  if (!adapter) throw new BackendError("E_ADAPTER", `there is no WebGPU adapter; ${REMEDY}`);
  const features = (["shader-f16", "timestamp-query"] as const).filter(
    (feature) => adapter.features.has(feature) && (feature !== "shader-f16" || precision === "f16"),
  );
  const requiredLimits = Object.fromEntries(LARGER_LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  try {
    const own = await adapter.requestDevice({ label: "swivel", requiredFeatures: features, requiredLimits });
    return host(own, factsOf(adapter.info), precision, true);
  } catch (error) {
    throw new BackendError("E_ADAPTER", `the adapter gave no device: ${(error as Error).message}; ${REMEDY}`, { cause: error });
  }
}

function host(device: GPUDevice, adapter: AdapterFacts, wanted: "f32" | "f16", owned: boolean): GpuHost {
  const half = wanted === "f16" && device.features.has("shader-f16");
  const missing = owned ? `${adapter.name} has no feature shader-f16` : "the device was made without the feature shader-f16";
  return { device, adapter, owned, precision: half ? "f16" : "f32", precisionWhy: wanted === "f16" && !half ? missing : undefined };
}
