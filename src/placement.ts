/** Where a model runs: the choice of a backend when it is loaded, and of another one when that fails. */
import type { Backend, Executable } from "./backends/backend.ts";
import { isLost, type LosableBackend, reasonOf, recoverable } from "./backends/recovery.ts";
import { type OpenedModule, wasmBackend } from "./backends/wasm/backend.ts";
import { adapterFacts, searchAdapter } from "./backends/webgpu/adapter.ts";
import { AbortedError, BackendError, SwivelError } from "./errors.ts";
import type { Graph, Tensors, Value } from "./graph/graph.ts";
import { type MeasureOptions, mediansInTurns, zerosFor } from "./measure.ts";
import type { EngineSettings } from "./options.ts";

/** A model compiled on a backend that runs nothing else. */
export interface Place {
  readonly backend: Backend;
  readonly executable: Executable;
  /** Why the model runs here; one plain sentence. */
  readonly why: string;
}

export function free({ backend, executable }: Pick<Place, "backend" | "executable">): void {
  executable.dispose();
  backend.dispose();
}

/** What a choice is given beside the settings, which are plain data. */
export interface ChoiceOptions {
  readonly signal?: AbortSignal;
  /** The app's own, shared with it. */
  readonly device?: GPUDevice;
  /** Told as pipelines of the GPU become ready. */
  readonly onPipelines?: (done: number, total: number) => void;
}

/** Finds places for one network. It keeps the network: a place that is lost took its copy with it. */
export class Placement {
  readonly #graph: Graph;
  readonly #tensors: Tensors;
  readonly #settings: EngineSettings;
  readonly #opened: () => Promise<OpenedModule>;

  /** `opened` gives the Wasm module with these settings. */
  constructor(network: { graph: Graph; tensors: Tensors }, settings: EngineSettings, opened: () => Promise<OpenedModule>) {
    this.#graph = network.graph;
    this.#tensors = network.tensors;
    this.#settings = settings;
    this.#opened = opened;
  }

  /**
   * The place that the settings ask for; with "auto" the faster one. Throws AbortedError, and BackendError where none of the backends starts that may be
   * taken: E_ADAPTER, E_MEMORY, E_UNSUPPORTED, E_BACKEND.
   */
  async choose(options: ChoiceOptions): Promise<Place> {
    const { backend } = this.#settings;
    if (backend === "auto") return this.#fastest(options);
    return backend === "wasm" ? this.#onWasm("WebAssembly was asked for") : this.#onGpu("WebGPU was asked for", options);
  }

  /** Whether a run that failed in this way may go on at another place. */
  canLeave({ backend }: Place, error: unknown): boolean {
    if (backend.name !== "webgpu") return false;
    // whatever else a caller asks wrong is wrong everywhere
    const failed = error instanceof BackendError ? error.code !== "E_DISPOSED" : !(error instanceof SwivelError);
    return isLost(error) || (this.#settings.backend === "auto" && failed);
  }

  /** Another place, after a failure that `canLeave`. Throws what the last of the backends throws, if that fails too. */
  async move(from: Place, error: unknown): Promise<Place> {
    let { backend } = from;
    for (let failure = error; ; ) {
      const next = await this.#next(backend, failure);
      try {
        return await this.#compile(next.backend, next.why);
      } catch (again) {
        if (next.backend.name !== "webgpu") throw again;
        failure = again;
        backend = next.backend;
      }
    }
  }

  async #next(backend: Backend, failure: unknown): Promise<{ backend: Backend; why: string }> {
    if (isLost(failure) && backend.recover) return backend.recover();
    const why = `WebGPU failed: ${reasonOf(failure)}`;
    return { backend: await this.#openWasm(why), why };
  }

  async #fastest(options: ChoiceOptions): Promise<Place> {
    const { device, signal } = options;
    const found = device ? { adapter: undefined } : await searchAdapter();
    if ("why" in found) return this.#onWasm(found.why);
    const { name, software } = adapterFacts(found.adapter?.info ?? device?.adapterInfo);
    if (software) return this.#onWasm(softwareWhy(name));
    const [gpu, wasm] = await Promise.allSettled([
      this.#onGpu("WebAssembly does not start", options, found.adapter),
      this.#onWasm("WebGPU does not start"),
    ]);
    if (gpu.status === "fulfilled" && wasm.status === "fulfilled") {
      const inputs = zerosFor(this.#graph.inputs.map((input) => this.#graph.values[input] as Value));
      return faster(gpu.value, wasm.value, inputs, { signal });
    }
    if (gpu.status === "fulfilled") return gpu.value;
    if (wasm.status === "rejected") throw wasm.reason;
    if (!signal?.aborted) return { ...wasm.value, why: `WebGPU failed on ${name}: ${reasonOf(gpu.reason)}` };
    free(wasm.value);
    throw gpu.reason;
  }

  async #onWasm(why: string): Promise<Place> {
    return this.#compile(await this.#openWasm(why), why);
  }

  async #onGpu(why: string, options: ChoiceOptions, adapter?: GPUAdapter): Promise<Place> {
    const backend = await this.#openGpu(options.device, adapter);
    const openers = { gpu: () => this.#openAnotherGpu(), wasm: (reason: string) => this.#openWasm(reason) };
    return this.#compile(recoverable(backend, openers), why, options);
  }

  async #openWasm(why: string): Promise<Backend> {
    return wasmBackend(await this.#opened(), why);
  }

  async #openGpu(device?: GPUDevice, adapter?: GPUAdapter): Promise<LosableBackend> {
    // by itself, so that an app that never gets here does not load it
    const { createWebGpuBackend } = await import("./backends/webgpu/backend.ts");
    return createWebGpuBackend({ device, adapter, precision: this.#settings.precision });
  }

  /** Where a device was lost, a browser may offer a software adapter instead. */
  async #openAnotherGpu(): Promise<LosableBackend> {
    const found = await searchAdapter();
    const facts = found.adapter && adapterFacts(found.adapter.info);
    if (facts?.software && this.#settings.backend === "auto") throw new BackendError("E_ADAPTER", softwareWhy(facts.name));
    return this.#openGpu(undefined, found.adapter);
  }

  /** The backend's own if it fails. */
  async #compile(backend: Backend, why: string, { signal, onPipelines: onProgress }: ChoiceOptions = {}): Promise<Place> {
    try {
      return { backend, executable: await backend.compile(this.#graph, { tensors: this.#tensors, signal, onProgress }), why };
    } catch (error) {
      backend.dispose();
      throw error;
    }
  }
}

const softwareWhy = (name: string): string => `the WebGPU adapter is computed by the CPU (${name}), where WebAssembly is faster`;

/** The one of two places that takes less time for a run, measured in turns; the other is freed. Throws AbortedError. */
export async function faster(gpu: Place, wasm: Place, inputs: Tensors, options: MeasureOptions): Promise<Place> {
  try {
    const [onGpu = 0, onWasm = 0] = await mediansInTurns([gpu.executable, wasm.executable], inputs, options);
    const { adapter } = gpu.executable.explain();
    if (onGpu < onWasm) {
      free(wasm);
      return { ...gpu, why: `WebGPU on ${adapter} takes ${milliseconds(onGpu)} a run, WebAssembly ${milliseconds(onWasm)}` };
    }
    free(gpu);
    return { ...wasm, why: `WebAssembly takes ${milliseconds(onWasm)} a run, WebGPU on ${adapter} ${milliseconds(onGpu)}` };
  } catch (error) {
    free(gpu);
    if (!(error instanceof AbortedError)) return { ...wasm, why: `WebGPU failed: ${reasonOf(error)}` };
    free(wasm);
    throw error;
  }
}

const milliseconds = (value: number): string => `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ms`;
