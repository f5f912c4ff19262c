/**
 * How each op runs on Wasm: which AssemblyScript file holds its kernel and how much scratch memory each worker needs. The kernel's parameter
 * block follows from the op's layout. Opcodes are the kernels' places in this table (and after it in training's), so nobody numbers them.
 */
import type { BoundIo, OpDef } from "../../graph/op.ts";
import { forActivations } from "../../ops/activation.ts";
import { type OpName, ops } from "../../ops/index.ts";
import type { Unsupported } from "../unsupported.ts";
import { convBytes, dotBytes, type Window } from "./scratch.ts";

export interface Lowering {
  /** File in `assembly/` whose exported function of the kernel's name computes one step. */
  readonly source: string;
  /** Bytes of scratch memory for each worker: a pure function of shapes, since it decides how sums are split. */
  // biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
  scratch?(io: BoundIo<any>): number;
}

/** For ops without steps: they only rename memory. */
export const NO_KERNEL: Lowering = { source: "" };

/** The window of a convolution with weights [o, c / groups, kh, kw] and output y [n, o, h, w], or of its gradient with respect to the weights. */
// biome-ignore lint/suspicious/noExplicitAny: shapes and attributes only
export function windowOf(io: BoundIo<any>, w: readonly number[], y: readonly number[]): Window {
  const [, channels = 1, kh = 1, kw = 1] = w;
  const { dilation, stride } = io.attrs;
  return { channels, reach: [(kh - 1) * dilation[0], (kw - 1) * dilation[1]], step: stride, cols: y[3] ?? 1, taps: kh * kw };
}

/** Room for a pool: one padded row of pixels and, for each output column, a number; with the vectors that overhang their ends. */
export const poolBytes = (width: number, padding: readonly number[]): number =>
  4 * (2 * (width + (padding[1] ?? 0) + (padding[3] ?? 0)) + 16);

export const lowerings: Readonly<Record<OpName, Lowering | Unsupported>> = {
  conv2d: { source: "conv2d", scratch: (io) => convBytes(windowOf(io, io.shape("w"), io.shape("y"))) },
  linear: { source: "linear", scratch: (io) => dotBytes(io.shape("w")[1] ?? 1) },
  batch_norm: { source: "batch_norm" },
  ...forActivations(() => ({ source: "activation" })),
  add: { source: "elementwise" },
  mul: { source: "elementwise" },
  max_pool: { source: "pool", scratch: (io) => poolBytes(io.shape("x")[3] ?? 0, io.attrs.padding) },
  avg_pool: { source: "pool", scratch: (io) => poolBytes(io.shape("x")[3] ?? 0, io.attrs.padding) },
  global_avg_pool: { source: "pool" },
  flatten: NO_KERNEL,
  reshape: NO_KERNEL,
  concat: { source: "route_channels" },
  pad_channels: { source: "route_channels" },
  slice_channels: { source: "route_channels" },
  gather_channels: { source: "route_channels" },
  scatter_add_channels: { source: "route_channels" },
  softmax: { source: "softmax" },
};

/** What a build of the Wasm module holds: ops and how they are lowered. Inference has the model's ops, training adds its own. */
export interface KernelSet {
  readonly name: "inference" | "training";
  readonly ops: Readonly<Record<string, OpDef>>;
  readonly lowerings: Readonly<Record<string, Lowering | Unsupported>>;
}

export const inferenceKernels: KernelSet = { name: "inference", ops, lowerings };

/** Kernel names in the order of their opcodes. */
export function kernelNames(set: KernelSet): string[] {
  const names = new Set<string>();
  for (const [op, lowering] of Object.entries(set.lowerings)) {
    const def = set.ops[op];
    if (def && "source" in lowering && lowering.source !== "") names.add(def.kernel.name);
  }
  return [...names];
}
