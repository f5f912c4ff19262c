/** The WebGPU backend: opens a device, and loads graphs onto it. */
import type { Graph } from "../../graph/graph.ts";
import { verify } from "../../graph/verify.ts";
import type { CompileOptions, Executable } from "../backend.ts";
import type { LosableBackend } from "../recovery.ts";
import type { AdapterFacts } from "./adapter.ts";
import { type GpuOptions, openDevice } from "./device.ts";
import { type GpuParts, WebGpuExecutable } from "./executable.ts";
import { Faults } from "./faults.ts";
import { MAX_WORKGROUPS } from "./grid.ts";
import { type GpuKernelSet, inferenceGpuKernels } from "./lowering.ts";
import { Pipelines } from "./pipelines.ts";

export interface WebGpuOptions extends GpuOptions {
  /** Why this backend was chosen, for `explain()`. */
  readonly why?: string;
}

export interface WebGpuBackend extends LosableBackend {
  readonly adapter: AdapterFacts;
}

/** Throws BackendError E_ADAPTER where there is no adapter or no device. */
export async function createWebGpuBackend(
  options: WebGpuOptions = {},
  kernels: GpuKernelSet = inferenceGpuKernels,
): Promise<WebGpuBackend> {
  const host = await openDevice(options);
  const { device, precision } = host;
  const faults = new Faults(device, host.owned);
  const facts = { precision, maxWorkgroups: MAX_WORKGROUPS, subgroups: device.features.has("subgroups") } as const;
  const pipelines = new Pipelines(device, faults, precision);
  const parts: GpuParts = { host, kernels, facts, faults, pipelines, why: options.why ?? "the WebGPU backend was asked for" };
  const executables = new Set<Executable>();
  return {
    name: "webgpu",
    adapter: host.adapter,
    lost: faults.lost,
    async compile(graph: Graph, compileOptions: CompileOptions): Promise<Executable> {
      verify(graph, kernels.ops);
      const executable = await WebGpuExecutable.create(graph, parts, compileOptions, (dead) => executables.delete(dead));
      executables.add(executable);
      return executable;
    },
    dispose(): void {
      for (const executable of [...executables]) executable.dispose();
      faults.dispose();
      if (host.owned) device.destroy();
    },
  };
}
