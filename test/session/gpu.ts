/** A `navigator.gpu` for tests: Node's software adapter under any name, whose devices can be watched and taken away. */
import { vi } from "vitest";
import { WasmExecutable } from "../../src/backends/wasm/executable.ts";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";

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

/** Has every run on Wasm take 50 ms more. */
export function slowWasm(): Disposable & { restore(): void } {
  const { run } = WasmExecutable.prototype;
  const spy = vi.spyOn(WasmExecutable.prototype, "run").mockImplementation(async function (this: WasmExecutable, ...call) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return run.apply(this, call);
  });
  const restore = () => spy.mockRestore();
  return { restore, [Symbol.dispose]: restore };
}

/** Pretends that no buffer may be larger. */
export function limitBuffers(device: GPUDevice, bytes: number): void {
  const limits = { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes };
  Object.defineProperty(device, "limits", { value: limits });
}

/** What a real adapter may call itself. */
export const hardware = { vendor: "acme", description: "Acme 3000" } as const;
