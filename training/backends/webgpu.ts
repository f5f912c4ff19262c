/** The WebGPU backend with the training shaders, which inference apps do not ship. */
import type { Backend } from "../../src/backends/backend.ts";
import { recoverable } from "../../src/backends/recovery.ts";
import type { WebGpuOptions } from "../../src/backends/webgpu/backend.ts";
import { wasmTrainingBackend } from "./wasm.ts";

export type WebGpuTrainingOptions = Omit<WebGpuOptions, "precision">;

/**
 * A WebGPU backend that runs training graphs (and any other), in f32. When its device is lost, a Trainer goes on with a new one, or on WebAssembly.
 * Throws BackendError E_ADAPTER where there is no adapter or no device.
 */
export async function webgpuTrainingBackend(options: WebGpuTrainingOptions = {}): Promise<Backend> {
  // by themselves, so that an app that never gets here does not load them
  const [{ createWebGpuBackend }, { trainingGpuKernels }] = await Promise.all([
    import("../../src/backends/webgpu/backend.ts"),
    import("./webgpu_lowering.ts"),
  ]);
  const gpu = (more: WebGpuTrainingOptions) => createWebGpuBackend({ ...options, ...more }, trainingGpuKernels);
  return recoverable(await gpu({}), {
    // a new device is our own, whoever brought the first
    gpu: (why) => gpu({ device: undefined, adapter: undefined, why }),
    wasm: (why) => wasmTrainingBackend({ why }),
  });
}
