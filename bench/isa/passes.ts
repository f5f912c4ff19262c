/** How often the loops of a shader run at one shape: counted by running it, on any WebGPU device, with data that does not matter. */
import { SwivelError } from "swivel-nn";
import type { DispatchDescription } from "swivel-nn/training";
import { useDriver } from "../../tools/vulkan.ts";
import { countPasses, WAVE, workgroupSize } from "./instrument.ts";
import { kept } from "./tool.ts";

export interface Passes {
  /** Waves that the dispatch starts. */
  readonly waves: number;
  /** Passes of each loop of the text, summed over waves. */
  readonly passes: readonly number[];
}

/** Counted once and kept. Throws SwivelError E_UNSUPPORTED where Node has no WebGPU adapter. */
export function passesOf(dispatch: DispatchDescription): Promise<Passes> {
  const { constants, grid, params, bindings } = dispatch;
  const ranges = bindings.map(({ bytes, table }) => table ?? bytes);
  return kept([counting(dispatch).code, constants, grid, [...new Uint8Array(params)], ranges], () => countPassesOf(dispatch));
}

function counting({ shader, constants, bindings }: DispatchDescription) {
  const wavesPerGroup = Math.ceil(workgroupSize(shader.code, constants) / WAVE);
  return { wavesPerGroup, ...countPasses(shader.code, bindings.length + 1, wavesPerGroup) };
}

let device: Promise<{ gpu: GPUDevice; name: string }> | undefined;
/** Kept, since its devices die with it. */
let dawn: GPU | undefined;

/** What the adapter that counts calls itself. Throws as `passesOf`. */
export async function adapterName(): Promise<string> {
  device ??= openDevice();
  return (await device).name;
}

async function openDevice(): Promise<{ gpu: GPUDevice; name: string }> {
  if (!process.env.VK_ICD_FILENAMES) useDriver("lavapipe") || useDriver("swiftshader");
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  dawn = create([]);
  const adapter = await dawn.requestAdapter();
  if (!adapter) {
    throw new SwivelError(
      "E_UNSUPPORTED",
      "passes of loops are counted on a WebGPU device, and Node has no adapter; install a Vulkan driver (Mesa's lavapipe will do), or let VK_ICD_FILENAMES name one",
    );
  }
  const limits = ["maxStorageBuffersPerShaderStage", "maxStorageBufferBindingSize", "maxBufferSize"] as const;
  const gpu = await adapter.requestDevice({
    requiredFeatures: adapter.features.has("shader-f16") ? ["shader-f16"] : [],
    requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
  });
  return { gpu, name: adapter.info.description || adapter.info.vendor || "an adapter without a name" };
}

/** Runs the shader. */
export async function countPassesOf(dispatch: DispatchDescription): Promise<Passes> {
  device ??= openDevice();
  const { gpu } = await device;
  const { shader, constants, grid, params, bindings } = dispatch;
  const { code, loops, wavesPerGroup } = counting(dispatch);
  const waves = grid[0] * grid[1] * grid[2] * wavesPerGroup;
  const buffers: GPUBuffer[] = [];
  const buffer = (bytes: number, usage: number, data?: BufferSource): GPUBuffer => {
    const made = gpu.createBuffer({ size: Math.max(256, 16 * Math.ceil(bytes / 16)), usage: usage | GPUBufferUsage.COPY_DST });
    buffers.push(made);
    if (data) gpu.queue.writeBuffer(made, 0, data);
    return made;
  };
  const bytes = 4 * Math.max(1, waves * loops);
  const out = buffer(bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const staging = buffer(bytes, GPUBufferUsage.MAP_READ);
  const resources = [
    ...(params.byteLength > 0 ? [buffer(params.byteLength, GPUBufferUsage.UNIFORM, params)] : [undefined]),
    ...bindings.map(({ bytes: size, table }) => buffer(size, GPUBufferUsage.STORAGE, table && Int32Array.from(table))),
    out,
  ];
  const bound = resources.flatMap((resource, binding) => (resource ? [{ binding, resource: { buffer: resource } }] : []));
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ label: shader.name, code });
  await checked(gpu, shader.name);
  gpu.pushErrorScope("validation");
  const layout = gpu.createBindGroupLayout({
    entries: bound.map(({ binding }) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: accessOf(code, binding) } })),
  });
  const pipeline = await gpu.createComputePipelineAsync({
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main", constants },
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, gpu.createBindGroup({ layout, entries: bound }));
  pass.dispatchWorkgroups(...grid);
  pass.end();
  encoder.copyBufferToBuffer(out, 0, staging, 0, bytes);
  gpu.queue.submit([encoder.finish()]);
  await checked(gpu, shader.name);
  await staging.mapAsync(GPUMapMode.READ);
  const counts = new Uint32Array(staging.getMappedRange());
  const passes = new Array<number>(loops).fill(0);
  for (let i = 0; i < waves * loops; i++) passes[i % loops] = (passes[i % loops] as number) + (counts[i] as number);
  for (const each of buffers) each.destroy();
  return { waves, passes };
}

/** Ends an error scope. */
async function checked(gpu: GPUDevice, name: string): Promise<void> {
  const fault = await gpu.popErrorScope();
  if (fault) throw new Error(`${name}: ${fault.message}`);
}

function accessOf(code: string, binding: number): GPUBufferBindingType {
  const space = new RegExp(`@binding\\(${binding}\\)\\s*var<([^>]*)>`).exec(code)?.[1]?.replace(/\s/g, "");
  return space === "uniform" ? "uniform" : space === "storage,read_write" ? "storage" : "read-only-storage";
}
