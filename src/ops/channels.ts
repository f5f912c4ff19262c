/**
 * Ops that move whole channels (dimension 1 of [N, C, H, W] or [N, C]). All of them are one kernel with a table of sources:
 * `y[n, start + j] = base[n, start + j] + (table[j] < 0 ? 0 : x[n, table[j]])`, j < count.
 */
import { sizeOf } from "../graph/graph.ts";
import type { BoundIo, InferIo, KernelLayout, Step } from "../graph/op.ts";
import { SAME } from "../graph/ties.ts";
import { channelsOf } from "./activation.ts";
import { int, ints } from "./attrs.ts";
import { defineOp, sameShape, showShape } from "./define.ts";

const slots = { n: "i32", xc: "i32", yc: "i32", hw: "i32", start: "i32", count: "i32", base_n: "i32" } as const;
export const routeKernel: KernelLayout = { name: "route_channels", tensors: ["x", "base", "y"], tables: ["table"], slots };

/** The step that fills channels start … start + table.length − 1 of y from x. */
function route(io: BoundIo<unknown>, x: string, table: readonly number[], start = 0): Step {
  const [n = 1, yc = 0, ...rest] = io.shape("y");
  const base = io.node.inputs.base;
  return {
    tensors: { x: io.node.inputs[x], base, y: io.node.outputs.y },
    tables: { table },
    slots: {
      n,
      xc: io.shape(x)[1] as number,
      yc,
      hw: sizeOf(rest),
      start,
      count: table.length,
      base_n: base === undefined ? 0 : (io.shape("base")[0] as number),
    },
  };
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => i + from);

/** The type of y: x with another number of channels. */
function withChannels(io: InferIo<unknown>, slot: string, channels: number) {
  channelsOf(io, slot);
  const { dtype, shape } = io.type(slot);
  return { y: { dtype, shape: [shape[0] ?? "N", channels, ...shape.slice(2)] } };
}

/** For each of `channels` channels its place in `index`, −1 where it has none. */
export function inverseIndex(index: readonly number[], channels: number): number[] {
  const table = new Array<number>(channels).fill(-1);
  index.forEach((to, from) => {
    table[to] = from;
  });
  return table;
}

/** Checks that `index` names some of the `channels` channels of `of`, each once. `attr` is the attribute that it stands in. */
export function checkIndex(io: InferIo<unknown>, index: readonly number[], channels: number, of: string, attr = "index"): void {
  const wrong = index.find((i) => i >= channels);
  if (wrong !== undefined) throw io.fail("E_ATTR", `${attr} ${wrong} is outside the ${channels} channels of ${of}`);
  if (new Set(index).size !== index.length) throw io.fail("E_ATTR", `${attr} names a channel twice; name each once`);
  if (index.length === 0) throw io.fail("E_ATTR", `${attr} is empty; name at least one channel`);
}

const defineRoute = { kernel: routeKernel };

/** Channels of x0, x1, … one after another. */
export const concat = defineOp({
  ...defineRoute,
  name: "concat",
  inputs: { x: "variadic" },
  infer(io) {
    const parts = io.list("x");
    const first = io.type(parts[0] as string).shape;
    let channels = 0;
    for (const part of parts) {
      const { shape } = io.type(part);
      channels += channelsOf(io, part);
      if (!sameShape([first[0] ?? "N", ...first.slice(2)], [shape[0] ?? "N", ...shape.slice(2)])) {
        throw io.fail("E_SHAPE", `${parts[0]} is ${showShape(first)}, ${part} is ${showShape(shape)}; they may differ in channels only`);
      }
    }
    return withChannels(io, parts[0] as string, channels);
  },
  steps(io) {
    let start = 0;
    return io.list("x").map((part) => {
      const count = io.shape(part)[1] as number;
      const step = route(io, part, range(count), start);
      start += count;
      return step;
    });
  },
  channels(io) {
    let offset = 0;
    return io.list("x").map((part) => {
      const tie = { a: [part, 1], b: ["y", 1], map: { kind: "offset", offset } } as const;
      offset += io.shape(part)[1] as number;
      return tie;
    });
  },
});

/** Zero channels before and after those of x: half of ResNet's parameter-free shortcut. */
export const padChannels = defineOp({
  ...defineRoute,
  name: "pad_channels",
  inputs: { x: "required" },
  attrs: { before: int(0, 0), after: int(0, 0) },
  infer: (io) => withChannels(io, "x", channelsOf(io, "x") + io.attrs.before + io.attrs.after),
  steps(io) {
    const xc = io.shape("x")[1] as number;
    const { before } = io.attrs;
    return [
      route(
        io,
        "x",
        range(io.shape("y")[1] as number, -before).map((i) => (i < xc ? Math.max(i, -1) : -1)),
      ),
    ];
  },
  channels: (io) => [{ a: ["x", 1], b: ["y", 1], map: { kind: "offset", offset: io.attrs.before } }],
});

/** Channels start … start + count − 1 of x. */
export const sliceChannels = defineOp({
  ...defineRoute,
  name: "slice_channels",
  inputs: { x: "required" },
  attrs: { start: int(0), count: int(1) },
  infer(io) {
    const { start, count } = io.attrs;
    const channels = channelsOf(io, "x");
    if (start + count > channels) throw io.fail("E_ATTR", `channels ${start} to ${start + count - 1} are outside the ${channels} of x`);
    return withChannels(io, "x", count);
  },
  steps: (io) => [route(io, "x", range(io.attrs.count, io.attrs.start))],
  channels: (io) => [{ a: ["y", 1], b: ["x", 1], map: { kind: "offset", offset: io.attrs.start } }],
});

/** y[j] = x[index[j]]: the channels of a residual stream that a cut convolution still reads. Indices are unique. */
export const gatherChannels = defineOp({
  ...defineRoute,
  name: "gather_channels",
  inputs: { x: "required" },
  attrs: { index: ints(undefined, 0) },
  infer(io) {
    checkIndex(io, io.attrs.index, channelsOf(io, "x"), "x");
    return withChannels(io, "x", io.attrs.index.length);
  },
  steps: (io) => [route(io, "x", io.attrs.index)],
  channels: (io) => [{ a: ["y", 1], b: ["x", 1], map: { kind: "table", table: io.attrs.index } }],
});

/** y = base (or zeros), with x[i] added to channel index[i]: a cut convolution writing into a residual stream. Indices are unique; `base` may be [1, C, …]. */
export const scatterAddChannels = defineOp({
  ...defineRoute,
  name: "scatter_add_channels",
  inputs: { x: "required", base: "optional" },
  attrs: { index: ints(undefined, 0), channels: int(1) },
  infer(io) {
    const { index, channels } = io.attrs;
    checkIndex(io, index, channels, "y");
    if (channelsOf(io, "x") !== index.length) {
      throw io.fail("E_CHANNELS", `x has ${channelsOf(io, "x")} channels, index has ${index.length} entries; give one for each channel`);
    }
    const out = withChannels(io, "x", channels);
    if (io.has("base")) {
      const { shape } = io.type("base");
      if (!sameShape(shape, out.y.shape) && !sameShape(shape, [1, ...out.y.shape.slice(1)])) {
        throw io.fail("E_SHAPE", `base is ${showShape(shape)}, expected ${showShape(out.y.shape)} or the same with a first dimension of 1`);
      }
    }
    return out;
  },
  steps: (io) => [route(io, "x", inverseIndex(io.attrs.index, io.attrs.channels))],
  channels: (io) => [
    { a: ["base", 1], b: ["y", 1], map: SAME },
    { a: ["x", 1], b: ["y", 1], map: { kind: "table", table: io.attrs.index } },
  ],
});
