/** Opens a device, or takes one that the app has, and says what is known of it. */
import { BackendError } from "../../errors.ts";
import { type AdapterFacts, adapterFacts, searchAdapter } from "./adapter.ts";

export interface GpuOptions {
  /** A device of the app's own, shared with it; it stays the app's to destroy. */
  readonly device?: GPUDevice;
  /** Where to open a device; the default adapter unless given. */
  readonly adapter?: GPUAdapter;
  /** What weights and activations are stored in. `f16` needs the feature `shader-f16`; without it f32 is taken and `explain()` says so. */
  readonly precision?: "f32" | "f16";
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

/** Buffers may be as large as the adapter allows; everything else keeps within the limits that WebGPU promises everywhere. */
const LARGER_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** Throws BackendError E_ADAPTER where there is no adapter or it gives no device. */
export async function openDevice({ device, adapter: given, precision = "f32" }: GpuOptions): Promise<GpuHost> {
  if (device) return host(device, adapterFacts(device.adapterInfo), precision, false);
  const adapter = given ?? (await defaultAdapter());
  const features = (["shader-f16", "subgroups", "timestamp-query"] as const).filter(
    (feature) => adapter.features.has(feature) && (feature !== "shader-f16" || precision === "f16"),
  );
  const requiredLimits = Object.fromEntries(LARGER_LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  try {
    const own = await adapter.requestDevice({ label: "swivel", requiredFeatures: features, requiredLimits });
    return host(own, adapterFacts(adapter.info), precision, true);
  } catch (error) {
    throw new BackendError("E_ADAPTER", `the adapter gave no device: ${(error as Error).message}; take the backend wasm`, { cause: error });
  }
}

async function defaultAdapter(): Promise<GPUAdapter> {
  const found = await searchAdapter();
  if (found.adapter) return found.adapter;
  throw new BackendError("E_ADAPTER", `${found.why}; ${found.remedy}, or take the backend wasm`);
}

function host(device: GPUDevice, adapter: AdapterFacts, wanted: "f32" | "f16", owned: boolean): GpuHost {
  const half = wanted === "f16" && device.features.has("shader-f16");
  const missing = owned ? `${adapter.name} has no feature shader-f16` : "the device was made without the feature shader-f16";
  return { device, adapter, owned, precision: half ? "f16" : "f32", precisionWhy: wanted === "f16" && !half ? missing : undefined };
}
