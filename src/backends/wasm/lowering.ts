/**
 * How each op runs on Wasm: which AssemblyScript file holds its kernel and how much scratch memory each worker needs. The kernel's parameter
 * block follows from the op's layout. Opcodes are the functions' places in this table (and after it in training's), so nobody numbers them.
 */
import { BackendError } from "../../errors.ts";
import { sizeOf } from "../../graph/graph.ts";
import type { BoundIo, OpDef } from "../../graph/op.ts";
import { forActivations } from "../../ops/activation.ts";
import { type OpName, ops } from "../../ops/index.ts";
import type { Unsupported } from "../unsupported.ts";
import { withDepthwise } from "./depthwise.ts";
import { convBytes, dotBytes, type Window } from "./scratch.ts";
import { forwardShape, withWinograd } from "./winograd.ts";

// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
export type Io = BoundIo<any>;

/** A function that computes one step. */
export interface Kernel {
  /** File in `assembly/` that exports it. */
  readonly source: string;
  /** Bytes of scratch memory for each worker: a pure function of shapes, since it decides how sums are split. */
  scratch?(io: Io): number;
  /** Weights that it reads in another form than they are given. */
  readonly prepared?: Prepared;
}

/**
 * The function `<kernel>_prepare` of the same file, given the same block, writes them at `prepared`; workers share the writing. It runs once, when weights have
 * been written, and before each run of the kernel where the graph itself changes them.
 */
export interface Prepared {
  /** The input slot of the weights. */
  readonly from: string;
  /** Bytes of the other form; they do not depend on the batch. */
  bytes(io: Io): number;
}

/** Several functions for one op, by their names, all with the same block. */
export interface Choice {
  readonly kernels: Readonly<Record<string, Kernel>>;
  /** Which one runs: a pure function of shapes but for the batch, so that bits repeat. */
  choose(io: Io): string;
}

/** One kernel that has the name of the op's layout, or several. */
export type Lowering = Kernel | Choice;

/** For ops without steps: they only rename memory. */
export const NO_KERNEL: Lowering = { source: "" };

/** The window of a convolution with weights [o, c / groups, kh, kw] and output y [n, o, h, w], or of its gradient with respect to the weights. */
export function windowOf(io: Io, w: readonly number[], y: readonly number[]): Window {
  const [, channels = 1, kh = 1, kw = 1] = w;
  const { dilation, stride } = io.attrs;
  return { channels, reach: [(kh - 1) * dilation[0], (kw - 1) * dilation[1]], step: stride, cols: y[3] ?? 1, taps: kh * kw };
}

const convScratch = (io: Io): number => convBytes(windowOf(io, io.shape("w"), io.shape("y")));

/** Packed in panels, w is as large as before. */
export const asPanel: Prepared = { from: "w", bytes: (io) => 4 * sizeOf(io.shape("w")) };

/** Room for a pool: one padded row of pixels and, for each output column, a number; with the vectors that overhang their ends. */
export const poolBytes = (width: number, padding: readonly number[]): number =>
  4 * (2 * (width + (padding[1] ?? 0) + (padding[3] ?? 0)) + 16);

export const lowerings: Readonly<Record<OpName, Lowering | Unsupported>> = {
  conv2d: withDepthwise(withWinograd("conv2d", { source: "conv2d", scratch: convScratch, prepared: asPanel }, forwardShape), convScratch),
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

/** A function of the module, at its opcode's place. */
export interface Entry {
  readonly name: string;
  readonly source: string;
  /** The layout of its block. */
  readonly layout: string;
}

/** Name of the function that prepares a kernel's weights. */
export const preparer = (kernel: string): string => `${kernel}_prepare`;

const kernelsOf = (def: OpDef, lowering: Lowering): Readonly<Record<string, Kernel>> =>
  "kernels" in lowering ? lowering.kernels : { [def.kernel.name]: lowering };

/** All functions of a build in the order of their opcodes; ops may share one. */
export function entriesOf(set: KernelSet): Entry[] {
  const entries = new Map<string, Entry>();
  for (const [op, lowering] of Object.entries(set.lowerings)) {
    const def = set.ops[op];
    if (!def || "unsupported" in lowering) continue;
    for (const [kernel, { source, prepared }] of Object.entries(kernelsOf(def, lowering))) {
      if (source === "") continue;
      for (const name of prepared ? [kernel, preparer(kernel)] : [kernel]) entries.set(name, { name, source, layout: def.kernel.name });
    }
  }
  return [...entries.values()];
}

/** The kernel for a node, and its name. Throws BackendError E_UNSUPPORTED where there is none. */
export function kernelFor(set: KernelSet, def: OpDef, io: Io): { readonly name: string; readonly kernel: Kernel } {
  const { node } = io;
  const lowering = set.lowerings[node.op];
  if (!lowering || "unsupported" in lowering) {
    throw new BackendError(
      "E_UNSUPPORTED",
      `${node.op} "${node.name}" does not run on Wasm: ${lowering?.unsupported ?? "this build has no kernel for it"}`,
    );
  }
  const name = "kernels" in lowering ? lowering.choose(io) : def.kernel.name;
  return { name, kernel: kernelsOf(def, lowering)[name] as Kernel };
}
