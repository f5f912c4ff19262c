/**
 * Runs a model on onnxruntime-web's WebGPU backend and notes every dispatch of its last run where no library can be wrong about it: at the browser's own
 * interface. The bytes of its tensors stand in the profile that the library prints at the end (see ../ort_dispatches.ts).
 */

/** Bytes of one element of each storage binding, in order: what it reads, then what it writes. */
export interface SeenDispatch {
  readonly read: readonly number[];
  readonly written: readonly number[];
}

const ELEMENT = /^(?:vec([234])<)?(f32|i32|u32|f16)>?$/;
const BINDING = /@binding\((\d+)\)\s*var<storage,\s*(read|read_write)>\s*\w+\s*:\s*array<([^;]+?)>\s*;/g;

const codeOf = new WeakMap<object, string>();
const pipelineOf = new WeakMap<object, object>();
const seen: SeenDispatch[] = [];

/** Calls `after` with the object, the result and the first argument of each call of a method. */
function watch(prototype: object, method: string, after: (self: object, result: unknown, first: unknown) => void): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[method] as (...args: unknown[]) => unknown;
  methods[method] = function (this: object, ...args) {
    const result = original.apply(this, args);
    after(this, result, args[0]);
    return result;
  };
}

function bindingsOf(code: string): SeenDispatch {
  const found = [...code.matchAll(BINDING)].sort((a, b) => Number(a[1]) - Number(b[1]));
  const bytes = (access: string) =>
    found
      .filter((match) => match[2] === access)
      .map(([, , , type = ""]) => {
        const [, lanes = "1", scalar] = ELEMENT.exec(type.trim()) ?? [];
        if (scalar === undefined) throw new Error(`a shader binds array<${type}>, which this count does not know`);
        return Number(lanes) * (scalar === "f16" ? 2 : 4);
      });
  return { read: bytes("read"), written: bytes("read_write") };
}

function watchAll(): void {
  const compiled = (descriptor: unknown) => codeOf.get((descriptor as GPUComputePipelineDescriptor).compute.module) as string;
  watch(GPUDevice.prototype, "createShaderModule", (_, module, descriptor) => {
    codeOf.set(module as object, (descriptor as GPUShaderModuleDescriptor).code);
  });
  watch(GPUDevice.prototype, "createComputePipeline", (_, pipeline, descriptor) => {
    codeOf.set(pipeline as object, compiled(descriptor));
  });
  watch(GPUDevice.prototype, "createComputePipelineAsync", (_, promise, descriptor) => {
    void (promise as Promise<GPUComputePipeline>).then((pipeline) => codeOf.set(pipeline, compiled(descriptor)));
  });
  watch(GPUComputePassEncoder.prototype, "setPipeline", (pass, _, pipeline) => pipelineOf.set(pass, pipeline as object));
  const dispatched = (pass: object) => seen.push(bindingsOf(codeOf.get(pipelineOf.get(pass) as object) ?? ""));
  watch(GPUComputePassEncoder.prototype, "dispatchWorkgroups", dispatched);
  watch(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", dispatched);
}

export interface OrtRun {
  readonly adapter: string;
  readonly version: string;
  readonly dispatches: readonly SeenDispatch[];
}

/** `model`: base64. The first runs compile and may move weights; the last one counts. */
async function countDispatches(library: string, model: string, input: string, shape: readonly number[]): Promise<OrtRun> {
  watchAll();
  const ort = (await import(library)) as typeof import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const bytes = Uint8Array.from(atob(model), (char) => char.charCodeAt(0));
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["webgpu"], enableProfiling: true });
  for (let run = 0; run < 3; run++) {
    seen.length = 0;
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
    await session.run({ [input]: new ort.Tensor("float32", data, shape) });
  }
  const dispatches = [...seen];
  session.endProfiling();
  const { vendor = "", architecture = "", description = "" } = (await navigator.gpu.requestAdapter())?.info ?? {};
  return {
    adapter: [vendor, architecture, description].filter((word) => word !== "").join(" "),
    version: ort.env.versions.web ?? "",
    dispatches,
  };
}

declare global {
  interface Window {
    countDispatches: typeof countDispatches;
  }
}
window.countDispatches = countDispatches;
