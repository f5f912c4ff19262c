/**
 * Activations, each with an optional rotation: `y = slope[c] · f(x)`, one learned slope per channel (rotated ReLU where f is ReLU).
 * A new function joins by an entry in ACTIVATIONS; the compiler then asks for its formulas (docs/adding-an-op.md).
 */

import type { BoundIo, InferIo } from "../graph/op.ts";
import { SAME } from "../graph/ties.ts";
import { choice } from "./attrs.ts";
import { defineOp } from "./define.ts";

/**
 * Every activation with its code in kernels' `fn` slot. 0 is the identity, which only epilogues use.
 * relu: max(0, x); relu6: min(6, max(0, x)).
 */
export const ACTIVATIONS = { relu: 1, relu6: 2 } as const;
export type Activation = keyof typeof ACTIVATIONS;
export const activationNames = Object.keys(ACTIVATIONS) as [Activation, ...Activation[]];
export const isActivation = (op: string): op is Activation => Object.hasOwn(ACTIVATIONS, op);

/** A row for every activation: what tables keyed by op say of all of them alike. */
export function forActivations<T>(make: (name: Activation) => T): Readonly<Record<Activation, T>> {
  return Object.fromEntries(activationNames.map((name) => [name, make(name)])) as Record<Activation, T>;
}

/** The attribute by which convolution and linear take an activation as their epilogue. */
export const epilogueActivation = choice(["none", ...activationNames] as const, "none");
export const activationCode = (name: string): number => ACTIVATIONS[name as Activation] ?? 0;

/** [examples, channels, pixels per channel] of a [N, C, H, W] or [N, C] value. */
export function channelView(shape: readonly number[]): { n: number; c: number; hw: number } {
  const [n = 1, c = 1, ...rest] = shape;
  return { n, c, hw: rest.reduce((product, dim) => product * dim, 1) };
}

/** Checks that x has a channel dimension and returns its size. */
export function channelsOf(io: InferIo<unknown>, slot: string): number {
  const { shape } = io.type(slot);
  const channels = shape[1];
  if ((shape.length !== 4 && shape.length !== 2) || typeof channels !== "number") {
    throw io.fail("E_SHAPE", `${slot} has shape [${shape.join(", ")}]; expected [N, C, H, W] or [N, features]`);
  }
  return channels;
}

export const activationKernelSlots = { n: "i32", c: "i32", hw: "i32", fn: "i32" } as const;

function defineActivation(name: Activation) {
  return defineOp({
    name,
    inputs: { x: "required", slope: "optional" },
    infer(io) {
      io.expect("slope", [channelsOf(io, "x")], "one slope per channel of x");
      return { y: io.type("x") };
    },
    kernel: { name: "activation", tensors: ["x", "slope", "y"], tables: [], slots: activationKernelSlots },
    params: activationKernelSlots,
    fill: (io: BoundIo<unknown>) => ({ ...channelView(io.shape("x")), fn: ACTIVATIONS[name] }),
    channels: () => [
      { a: ["x", 1], b: ["y", 1], map: SAME },
      { a: ["y", 1], b: ["slope", 0], map: SAME },
    ],
  });
}

export const activationOps = forActivations(defineActivation);
