/** Convolutions bare, with their epilogues, and with tables of channels. */
import { activationNames } from "../../src/ops/activation.ts";
import type { OpCase } from "./case.ts";
import { type ConvGeometry, convAttrsOf, convGeometries, SAME } from "./conv2d.geometries.ts";
import { conv2dRouteCases } from "./conv2d_routes.cases.ts";

const bias = (geometry: ConvGeometry) => ({ bias: [geometry.w[0]] });
const slope = (geometry: ConvGeometry) => ({ slope: [geometry.w[0]] });

const plain = convGeometries.map(
  (geometry): OpCase => ({
    name: geometry.name,
    op: "conv2d",
    attrs: convAttrsOf(geometry),
    shapes: { x: geometry.x, w: geometry.w },
  }),
);

/** Epilogues on kernels of every kind: odd sizes, depthwise, groups, whole vectors. The geometries keep the output's size, or say it. */
const epilogues = [
  "3x3 same, 3 examples",
  "1x1",
  "depthwise",
  "3 groups",
  "3x3 stride 2",
  "32 to 17, 7x7",
  "32 depthwise, 14x14",
  "5 to 3, 13x17",
  "14 to 15, 13x17",
].flatMap((name): OpCase[] => {
  const geometry = convGeometries.find((other) => other.name === name) as ConvGeometry;
  const { x, w } = geometry;
  const [sh = 1, sw = 1] = geometry.stride ?? [1, 1];
  const residual = { residual: [x[0], w[0], Math.ceil(x[2] / sh), Math.ceil(x[3] / sw)] };
  const variant = (what: string, shapes: OpCase["shapes"], activation?: string): OpCase => ({
    name: `${name}, ${what}`,
    op: "conv2d",
    attrs: { ...convAttrsOf(geometry), ...(activation && { activation }) },
    shapes: { x, w, ...shapes },
  });
  return [
    variant("bias", bias(geometry)),
    ...activationNames.map((activation) => variant(`bias and ${activation}`, bias(geometry), activation)),
    variant("bias and rotated relu", { ...bias(geometry), ...slope(geometry) }, "relu"),
    variant("slope without activation", slope(geometry)),
    variant("residual", residual),
    variant("bias, residual and rotated relu6", { ...bias(geometry), ...slope(geometry), ...residual }, "relu6"),
  ];
});

/** relu6 must reach its upper kink too. */
const saturated: OpCase = {
  name: "relu6 on both sides of 6",
  op: "conv2d",
  attrs: { padding: SAME, activation: "relu6" },
  shapes: { x: [3, 5, 7, 7], w: [13, 5, 3, 3], bias: [13] },
  values: { x: { kind: "uniform", low: -3, high: 5 } },
};

export const conv2dCases: readonly OpCase[] = [...plain, ...epilogues, saturated, ...conv2dRouteCases];
