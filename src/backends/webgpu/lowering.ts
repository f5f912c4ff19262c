/**
 * How each op runs on WebGPU: which shaders compute a step, with which constants, on how many workgroups. What a shader binds and which numbers it
 * takes stand in its own text; the host fills them by name from the step's tensors, tables and slots.
 */
import type { BoundIo, OpDef, Step } from "../../graph/op.ts";
import { forActivations } from "../../ops/activation.ts";
import { type OpName, ops } from "../../ops/index.ts";
import type { Unsupported } from "../unsupported.ts";
import { routeChannels } from "./kernels/channels.ts";
import { conv2d } from "./kernels/conv2d.ts";
import { activation, batchNorm, binary } from "./kernels/elementwise.ts";
import { linear } from "./kernels/linear.ts";
import { avgPool, globalAvgPool, maxPool } from "./kernels/pool.ts";
import { softmax } from "./kernels/softmax.ts";
import type { Shader } from "./shader.ts";

/** What a choice of variant or tile may depend on. */
export interface GpuFacts {
  /** What weights and activations are stored in. */
  readonly precision: "f32" | "f16";
  readonly subgroups: boolean;
  /** Workgroups that a grid may have in each dimension: 65,535 everywhere. */
  readonly maxWorkgroups: number;
}

export interface Dispatch {
  readonly shader: Shader;
  /** Override constants; `has_<name>` of optional tensors and tables are set by the host. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Workgroups along x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Fields of the shader's Params that are no slots of the op, or replace one. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Elements (f32) of scratch memory, by the name of its binding or what `alias` makes of that. What one dispatch of a node leaves there, its later ones find. */
  readonly scratch?: Readonly<Record<string, number>>;
  /** Index tables that the shader reads in place of, or beside, those of the step: several joined in one, since bindings are few. */
  readonly tables?: Readonly<Record<string, readonly number[]>>;
  /** Bindings whose names are not those of the step's tensors: binding → tensor of the step, or scratch memory. */
  readonly alias?: Readonly<Record<string, string>>;
}

export interface GpuCall {
  // biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
  readonly io: BoundIo<any>;
  readonly step: Step;
  readonly gpu: GpuFacts;
}

/** The dispatches that compute one step, in order. A pure function of shapes and facts. */
export type GpuLowering = (call: GpuCall) => readonly Dispatch[];

/** For ops without steps: they only rename memory. */
export const NO_DISPATCH: GpuLowering = () => [];

export const gpuLowerings: Readonly<Record<OpName, GpuLowering | Unsupported>> = {
  conv2d,
  linear,
  batch_norm: batchNorm,
  ...forActivations(() => activation),
  add: binary(false),
  mul: binary(true),
  max_pool: maxPool,
  avg_pool: avgPool,
  global_avg_pool: globalAvgPool,
  flatten: NO_DISPATCH,
  reshape: NO_DISPATCH,
  concat: routeChannels,
  pad_channels: routeChannels,
  slice_channels: routeChannels,
  gather_channels: routeChannels,
  scatter_add_channels: routeChannels,
  softmax,
};

/** Ops and how they are lowered. Inference has the model's ops, training adds its own. */
export interface GpuKernelSet {
  readonly ops: Readonly<Record<string, OpDef>>;
  readonly lowerings: Readonly<Record<string, GpuLowering | Unsupported>>;
}

export const inferenceGpuKernels: GpuKernelSet = { ops, lowerings: gpuLowerings };
