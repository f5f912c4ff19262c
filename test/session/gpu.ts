/** A `navigator.gpu` for tests: Node's software adapter under any name, whose devices can be watched and taken away. */
import { vi } from "vitest";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { writeModel } from "../../src/index.ts";
import { ops } from "../../src/ops/index.ts";

export interface FakeGpu {
  /** What the adapter says of itself; as it is unless given. */
  info?: Partial<GPUAdapterInfo>;
  /** Features of the adapter that it hides. */
  hidden?: readonly GPUFeatureName[];
  /** Called with each new device, and how many came before it; may throw what `requestDevice` shall throw. */
  onDevice?(device: GPUDevice, before: number): void;
  /** False: there is no adapter (any more). */
  present?: boolean;
}

/** Installs it until `vi.unstubAllGlobals`; returns the devices as they are made. */
export async function installGpu(fake: FakeGpu = {}): Promise<GPUDevice[]> {
  vi.unstubAllGlobals();
  const devices: GPUDevice[] = [];
  const real = await realAdapter();
  const requestAdapter = async (): Promise<unknown> => {
    if (fake.present === false) return null;
    // each adapter gives one device
    const adapter = await real();
    const { limits, info } = adapter;
    const features = new Set([...adapter.features].filter((feature) => !fake.hidden?.includes(feature as GPUFeatureName)));
    const requestDevice = async (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const device = await adapter.requestDevice(descriptor);
      fake.onDevice?.(device, devices.length);
      devices.push(device);
      return device;
    };
    return { limits, features, info: fake.info ?? info, requestDevice };
  };
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });
  return devices;
}

/** Gets Node's adapters also while the global is stubbed. */
async function realAdapter(): Promise<() => Promise<GPUAdapter>> {
  const { create } = (await import("webgpu")) as unknown as { create(flags: string[]): GPU };
  instance ??= create([]);
  const gpu = instance;
  return async () => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error("the adapter is gone");
    return adapter;
  };
}
/** Kept: devices die with it. */
let instance: GPU | undefined;

/** A device of the app's own. */
export async function ownDevice(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const device = await (await findAdapter())?.requestDevice(descriptor);
  if (!device) throw new Error("the adapter gives no device");
  return device;
}

/** y = mean over pixels of x + slope · relu(x), with an image of 2×4×4: 32 numbers in, 2 out. */
export function tinyModel(): Uint8Array<ArrayBuffer> {
  const net = new GraphBuilder(ops);
  const x = net.input("image", ["N", 2, 4, 4]);
  const rotated = net.add("relu", "rotated", { x, slope: net.param("slope", [2]) });
  net.output(net.add("global_avg_pool", "mean", { x: net.add("add", "sum", { a: rotated, b: x }) }));
  return writeModel({ graph: net.build(), tensors: { slope: Float32Array.of(0.5, -2) } });
}

/** What `tinyModel` computes. */
export function tinyOutputs(image: Float32Array): number[] {
  return Array.from({ length: image.length / 16 }, (_, plane) => {
    const slope = plane % 2 === 0 ? 0.5 : -2;
    const values = [...image.subarray(16 * plane, 16 * (plane + 1))];
    return values.reduce((sum, value) => sum + slope * Math.max(0, value) + value, 0) / 16;
  });
}
