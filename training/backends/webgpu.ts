/** The WebGPU backend with the training shaders, which inference apps do not ship. */
import type { Backend } from "../../src/backends/backend.ts";
import { createWebGpuBackend, type WebGpuOptions } from "../../src/backends/webgpu/backend.ts";
import { wasmTrainingBackend } from "./wasm.ts";
import { trainingGpuKernels } from "./webgpu_lowering.ts";

export type WebGpuTrainingOptions = Omit<WebGpuOptions, "precision">;

/** A device that is lost so often is not asked for again. */
const MAX_LOSSES = 3;

/**
 * A WebGPU backend that runs training graphs (and any other), in f32. When its device is lost, a Trainer goes on with a new one, or on WebAssembly.
 * Throws BackendError E_ADAPTER where there is no adapter or no device.
 */
export function webgpuTrainingBackend(options: WebGpuTrainingOptions = {}): Promise<Backend> {
  return open(options, 0);
}

async function open(options: WebGpuTrainingOptions, losses: number): Promise<Backend> {
  const backend = await createWebGpuBackend(options, trainingGpuKernels);
  return { ...backend, recover: () => recover(options, losses + 1) };
}

async function recover({ device: _, ...options }: WebGpuTrainingOptions, losses: number): Promise<{ backend: Backend; why: string }> {
  const lost = "the GPU device was lost";
  if (losses < MAX_LOSSES) {
    try {
      const why = `${lost}; this is a new one`;
      return { backend: await open({ ...options, why }, losses), why };
    } catch {
      // none is to be had: the run goes on without
    }
  }
  const why = losses < MAX_LOSSES ? `${lost}, and no other is to be had` : `${lost} ${losses} times`;
  return { backend: await wasmTrainingBackend({ why }), why };
}
