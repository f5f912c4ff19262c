/** The layers whose machine code is looked at, as data, and the graph of each: one node. */
import { InputError } from "swivel-nn";
import { GraphBuilder, trainingOps } from "swivel-nn/training";

type Attr = number | string | boolean | readonly number[];

export interface Layer {
  readonly op: string;
  /** Shapes of the input slots. For a convolution or linear layer's gradients those of its forward form: x and w. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly attrs?: Readonly<Record<string, Attr>>;
  readonly precision?: "f32" | "f16";
}

const window = (stride: number, kernel: number) => ({
  stride: [stride, stride],
  padding: new Array<number>(4).fill(Math.floor(kernel / 2)),
});

/** `[n, c, h, w]`, filters, kernel size, stride. */
const conv = (op: string, x: readonly number[], filters: number, kernel: number, stride = 1): Layer => ({
  op,
  inputs: { x, w: [filters, x[1] as number, kernel, kernel], ...(op === "conv2d" && { bias: [filters] }) },
  attrs: { ...window(stride, kernel), ...(op === "conv2d" && { activation: "relu" }) },
});

const product = (op: string, n: number, columns: number, rows: number): Layer => ({
  op,
  inputs: { x: [n, columns], w: [rows, columns], ...(op === "linear" && { bias: [rows] }) },
  ...(op === "linear" && { attrs: { activation: "relu" } }),
});

const BATCHES = [1, 16, 128];
/** Channels and sides of ResNet-20's stages. */
const STAGES = [
  [16, 32],
  [32, 16],
  [64, 8],
] as const;
/** MobileNetV2's narrow layers: channels in, filters, side. */
const POINTWISE = [
  [64, 64, 16],
  [24, 144, 56],
  [144, 24, 56],
  [96, 576, 14],
  [576, 96, 14],
  [320, 1280, 7],
] as const;
/** What cuts leave; each beside the 16 that it is compared with. */
const WIDTHS = [16, 13, 17, 27, 67];

const convolutions = ["conv2d", "conv2d_dx", "conv2d_dw"].flatMap((op) => [
  ...BATCHES.flatMap((n) => STAGES.map(([c, side]) => conv(op, [n, c, side, side], c, 3))),
  ...BATCHES.flatMap((n) => STAGES.slice(0, 2).map(([c, side]) => conv(op, [n, c, side, side], 2 * c, 3, 2))),
  ...POINTWISE.map(([c, filters, side]) => conv(op, [1, c, side, side], filters, 1)),
  ...BATCHES.slice(1).map((n) => conv(op, [n, 64, 16, 16], 64, 1)),
  ...[1, 16].flatMap((n) => WIDTHS.map((c) => conv(op, [n, c, 32, 32], c, 3))),
  ...WIDTHS.slice(0, 2).map((c) => conv(op, [16, c, 32, 32], c, 3, 2)),
  ...WIDTHS.slice(0, 2).map((c) => conv(op, [16, c, 32, 32], c, 1)),
]);

const products = ["linear", "linear_dx", "linear_dw"].flatMap((op) => [
  product(op, 128, 64, 64),
  product(op, 128, 400, 120),
  product(op, 128, 397, 117),
  product(op, 128, 784, 500),
  product(op, 512, 512, 512),
  product(op, 1, 784, 500),
]);

/** A layer said twice counts once. */
export const layers: readonly Layer[] = [
  ...new Map([...convolutions, ...products].map((layer) => [JSON.stringify(layer), layer])).values(),
];

/** x[1,16,32,32] w[16,16,3,3] stride 2 */
export function shapeOf({ inputs, attrs = {}, precision }: Layer): string {
  const slots = Object.entries(inputs).filter(([slot]) => slot !== "bias");
  const [stride = 1] = (attrs.stride ?? []) as readonly number[];
  const words = slots.map(([slot, shape]) => `${slot}[${shape.join(",")}]`);
  return [...words, ...(stride > 1 ? [`stride ${stride}`] : []), ...(precision === "f16" ? ["f16"] : [])].join(" ");
}

/** Throws InputError E_OPTION for an op that there is not, and what shape inference throws. */
export function graphOf(layer: Layer) {
  const def = Object.hasOwn(trainingOps, layer.op) ? trainingOps[layer.op as keyof typeof trainingOps] : undefined;
  if (!def) throw new InputError("E_OPTION", `no op "${layer.op}"; there are ${Object.keys(trainingOps).join(", ")}`);
  const { inputs, attrs } = ofGradient(layer);
  const builder = new GraphBuilder(trainingOps);
  for (const [slot, shape] of Object.entries(inputs)) builder.state(slot, shape, def.integers.includes(slot) ? "i32" : "f32");
  const outputs = builder.node(layer.op, layer.op, Object.fromEntries(Object.keys(inputs).map((slot) => [slot, slot])), attrs);
  builder.output(...Object.values(outputs));
  return builder.build();
}

/** Inputs and attributes of the node: for gradients from the shapes of the forward layer. */
function ofGradient({ op, inputs, attrs = {} }: Layer): Required<Pick<Layer, "inputs" | "attrs">> {
  const [, forward, wrt] = /^(conv2d|linear)_(dx|dw)$/.exec(op) ?? [];
  const { x, w } = inputs;
  if (forward === undefined || !x || !w) return { inputs, attrs };
  const builder = new GraphBuilder(trainingOps);
  const y = builder.add(forward, "y", { x: builder.state("x", x), w: builder.state("w", w) }, attrs);
  const dy = builder.value(y).shape as number[];
  const size: Record<string, Attr> = wrt === "dx" ? { size: x.slice(2) } : { kernel: w.slice(2) };
  return { inputs: wrt === "dx" ? { w, dy } : { x, dy }, attrs: forward === "conv2d" ? { ...attrs, ...size } : attrs };
}
