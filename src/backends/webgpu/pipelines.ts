/** Pipelines of a device: each compiled once, asynchronously, whichever graphs use it. */
import { BackendError } from "../../errors.ts";
import type { Faults } from "./faults.ts";
import { liveCode } from "./live_code.ts";
import type { Shader } from "./shader.ts";
import { COMPUTE_STAGE } from "./usage.ts";

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #half: boolean;
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  constructor(device: GPUDevice, faults: Faults, precision: "f32" | "f16") {
    this.#device = device;
    this.#faults = faults;
    this.#half = precision === "f16";
  }

  /** Throws BackendError E_BACKEND where the driver refuses the shader. */
  get(shader: Shader, constants: Readonly<Record<string, number>>): Promise<Pipeline> {
    const key = JSON.stringify([shader.hash, Object.entries(constants).sort(([a], [b]) => (a < b ? -1 : 1))]);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(shader, constants);
      // a device that was lost meanwhile, or a driver in trouble, may be asked again
      pipeline.catch(() => this.#pipelines.delete(key));
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #compile(shader: Shader, constants: Readonly<Record<string, number>>): Promise<Pipeline> {
    const { group, pipeline: layout } = this.#layoutOf(shader);
    const live = liveCode(shader.code, constants);
    const module = this.#device.createShaderModule({ label: shader.name, code: this.#half ? inHalf(live) : live });
    const compute = { module, entryPoint: "main", constants };
    try {
      const pipeline = await this.#faults.guard(this.#device.createComputePipelineAsync({ label: shader.name, layout, compute }));
      return { pipeline, layout: group };
    } catch (error) {
      if (error instanceof BackendError && error.code === "E_DEVICE_LOST") throw error;
      throw new BackendError(
        "E_BACKEND",
        `the shader ${shader.name} did not compile: ${(error as Error).message}; take the backend wasm, and tell us`,
        {
          cause: error,
        },
      );
    }
  }

  /** Shaders that bind alike share a layout. */
  #layoutOf(shader: Shader): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const key = (shader.params.length > 0 ? "p" : "-") + shader.bindings.map(({ writes }) => (writes ? "w" : "r")).join("");
    let layout = this.#layouts.get(key);
    if (!layout) {
      const storage = shader.bindings.map(
        ({ writes }, i): GPUBindGroupLayoutEntry => ({
          binding: i + 1,
          visibility: COMPUTE_STAGE,
          buffer: { type: writes ? "storage" : "read-only-storage" },
        }),
      );
      const uniform: GPUBindGroupLayoutEntry[] =
        shader.params.length > 0 ? [{ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform" } }] : [];
      const group = this.#device.createBindGroupLayout({ label: key, entries: [...uniform, ...storage] });
      layout = { group, pipeline: this.#device.createPipelineLayout({ label: key, bindGroupLayouts: [group] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

/** The shader with weights and activations in half precision; see shaders/lib/elem.wgsl. */
export const inHalf = (code: string): string => `enable f16;${code.replace(/alias Elem\s*=\s*f32;/, "alias Elem=f16;")}`;
