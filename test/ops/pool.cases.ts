import type { OpCase } from "./case.ts";

/** A pool, for max and average and their gradients. */
export interface PoolGeometry {
  readonly name: string;
  readonly x: readonly [n: number, c: number, h: number, w: number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding?: readonly number[];
}

export const poolGeometries: readonly PoolGeometry[] = [
  { name: "1x1", x: [1, 1, 1, 1], kernel: [1, 1] },
  { name: "2x2 stride 2", x: [3, 3, 8, 6], kernel: [2, 2], stride: [2, 2] },
  { name: "2x2 stride 2, last row and column unread", x: [3, 5, 7, 5], kernel: [2, 2], stride: [2, 2] },
  { name: "2x2 overlapping", x: [1, 13, 5, 7], kernel: [2, 2] },
  { name: "3x3 stride 2, padded", x: [3, 3, 11, 13], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { name: "3x3 same", x: [1, 5, 7, 5], kernel: [3, 3], padding: [1, 1, 1, 1] },
  { name: "padding of four sizes", x: [1, 3, 5, 7], kernel: [4, 4], padding: [0, 1, 2, 3] },
  { name: "padding at bottom and right", x: [3, 3, 7, 6], kernel: [3, 3], stride: [2, 2], padding: [0, 0, 1, 1] },
  { name: "5x3 stride 1 by 2", x: [1, 3, 11, 9], kernel: [5, 3], stride: [1, 2], padding: [2, 1, 2, 1] },
  { name: "window as large as the image", x: [3, 5, 5, 3], kernel: [5, 3] },
  { name: "1x1 stride 2 subsamples", x: [3, 5, 7, 8], kernel: [1, 1], stride: [2, 2] },
  { name: "stride larger than the window", x: [1, 3, 11, 10], kernel: [2, 2], stride: [3, 4] },
  { name: "one column", x: [3, 3, 9, 1], kernel: [3, 1], stride: [2, 1], padding: [1, 0, 1, 0] },
  { name: "2x2 stride 2, 16 of 28x28", x: [3, 16, 28, 28], kernel: [2, 2], stride: [2, 2] },
  { name: "3x3 stride 2, 16 of 28x28", x: [1, 16, 28, 28], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { name: "3x3 same, 17 of 14x14", x: [1, 17, 14, 14], kernel: [3, 3], padding: [1, 1, 1, 1] },
];

export function poolAttrsOf({ kernel, stride, padding }: PoolGeometry): Record<string, readonly number[]> {
  return { kernel, ...(stride && { stride }), ...(padding && { padding }) };
}

const windowed = poolGeometries.flatMap((geometry): OpCase[] => {
  const { name, x } = geometry;
  const attrs = poolAttrsOf(geometry);
  return [
    { name, op: "max_pool", attrs, shapes: { x } },
    { name, op: "avg_pool", attrs, shapes: { x } },
    ...(geometry.padding
      ? [{ name: `${name}, divided by pixels`, op: "avg_pool", attrs: { ...attrs, divisor: "pixels" }, shapes: { x } } as const]
      : []),
  ];
});

/** Padding of zeros must not beat them. */
const negative: OpCase = {
  name: "only negative pixels",
  op: "max_pool",
  attrs: { kernel: [3, 3], padding: [1, 1, 1, 1] },
  shapes: { x: [1, 3, 5, 5] },
  values: { x: { kind: "uniform", low: -3, high: -1 } },
};

/** For the global average pool and its gradient. */
export const imageShapes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 1],
  [3, 5, 7, 7],
  [1, 17, 3, 5],
  [3, 13, 1, 2],
  [1, 3, 2, 2],
  [3, 32, 14, 14],
];

const globalCases = imageShapes.map((x): OpCase => ({ name: x.join("x"), op: "global_avg_pool", shapes: { x } }));

export const poolCases: readonly OpCase[] = [...windowed, negative, ...globalCases];
