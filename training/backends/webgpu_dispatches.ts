/** What a graph, of inference or of training, is on WebGPU: for measuring, and for tools that read machine code. */
import { type DispatchDescription, describeDispatches, type GraphDispatches } from "../../src/backends/webgpu/describe.ts";
import { MAX_WORKGROUPS } from "../../src/backends/webgpu/grid.ts";
import { InputError } from "../../src/errors.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { trainingGpuKernels } from "./webgpu_lowering.ts";

export type { DispatchDescription, GraphDispatches };

/** The device and the batch to describe dispatches for. */
export interface DispatchOptions {
  /** Examples in a run. Default 1. */
  readonly batch?: number;
  /** What weights and activations are stored in. Default `f32`. */
  readonly precision?: "f32" | "f16";
  /** Whether the device has subgroups. Default false. */
  readonly subgroups?: boolean;
}

/**
 * The dispatches of one run of `graph` as it stands (`optimize` it first, or make a `trainingGraph` of it): shaders, constants, grids, and the bytes
 * that each binds. Needs no device. Throws GraphError or ShapeError for a graph that does not hold together, InputError E_OPTION for an impossible batch.
 */
export function webgpuDispatches(graph: Graph, options: DispatchOptions = {}): GraphDispatches {
  const { batch = 1, precision = "f32", subgroups = false } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new InputError("E_OPTION", `batch is ${batch}; give an integer of 1 or more`);
  return describeDispatches(graph, trainingGpuKernels, batch, { precision, subgroups, maxWorkgroups: MAX_WORKGROUPS });
}
