import { activationNames } from "../../src/ops/activation.ts";
import type { OpCase } from "./case.ts";

/** [examples, inputs, outputs], for the matrix product and both its gradients. */
export const linearSizes: readonly (readonly [n: number, inputs: number, outputs: number])[] = [
  [1, 1, 1],
  [5, 1, 3],
  [17, 3, 1],
  [3, 5, 7],
  [1, 17, 13],
  [13, 31, 5],
  [1, 64, 10],
  [4, 16, 8],
  [8, 64, 32],
  [3, 128, 64],
  [32, 256, 37],
  [1, 784, 61],
  [5, 784, 500],
];

const sized = ([n, inputs, outputs]: readonly [number, number, number]) => ({ x: [n, inputs], w: [outputs, inputs] });

const plain = linearSizes.map((size): OpCase => ({ name: `${size[0]} x ${size[1]} to ${size[2]}`, op: "linear", shapes: sized(size) }));

const epilogues = (
  [
    [3, 5, 7],
    [1, 64, 10],
    [32, 256, 37],
  ] as const
).flatMap(([n, inputs, outputs]): OpCase[] => {
  const variant = (what: string, shapes: OpCase["shapes"], activation?: string): OpCase => ({
    name: `${n} x ${inputs} to ${outputs}, ${what}`,
    op: "linear",
    attrs: activation ? { activation } : {},
    shapes: { ...sized([n, inputs, outputs]), ...shapes },
  });
  const bias = { bias: [outputs] };
  const slope = { slope: [outputs] };
  const residual = { residual: [n, outputs] };
  return [
    variant("bias", bias),
    ...activationNames.map((name) => variant(`bias and ${name}`, bias, name)),
    variant("bias and rotated relu", { ...bias, ...slope }, "relu"),
    variant("slope without activation", slope),
    variant("residual", residual),
    variant("bias, residual and rotated relu6", { ...bias, ...slope, ...residual }, "relu6"),
  ];
});

export const linearCases: readonly OpCase[] = [...plain, ...epilogues];
