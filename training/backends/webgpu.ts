/** The WebGPU backend with the training shaders, which inference apps do not ship. */
import { createWebGpuBackend, type WebGpuBackend, type WebGpuOptions } from "../../src/backends/webgpu/backend.ts";
import { trainingGpuKernels } from "./webgpu_lowering.ts";

/** A WebGPU backend that runs training graphs (and any other), in f32. Errors as `createWebGpuBackend`. */
export function webgpuTrainingBackend(options: Omit<WebGpuOptions, "precision"> = {}): Promise<WebGpuBackend> {
  return createWebGpuBackend(options, trainingGpuKernels);
}
