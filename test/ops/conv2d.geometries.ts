/** Sizes of convolutions that cases are made of: corners, windows, groups, and sizes that take every path of a kernel. */
/** A convolution, for it and for both its gradients. */
export interface ConvGeometry {
  readonly name: string;
  readonly x: readonly [n: number, c: number, h: number, w: number];
  readonly w: readonly [o: number, perGroup: number, kh: number, kw: number];
  readonly stride?: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
}

export const SAME = [1, 1, 1, 1];

export const convGeometries: readonly ConvGeometry[] = [
  // corners
  { name: "one product", x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { name: "one channel", x: [1, 1, 5, 7], w: [1, 1, 3, 3], padding: SAME },
  { name: "one filter", x: [1, 16, 9, 9], w: [1, 16, 3, 3], padding: SAME },
  { name: "image one pixel wide", x: [3, 5, 7, 1], w: [3, 5, 3, 1], padding: [1, 0, 1, 0] },
  { name: "window as large as the image", x: [3, 5, 5, 3], w: [13, 5, 5, 3] },
  { name: "a pixel in wide padding", x: [1, 3, 1, 1], w: [5, 3, 3, 3], padding: SAME },
  // windows
  { name: "3x3 without padding", x: [3, 3, 7, 5], w: [5, 3, 3, 3] },
  { name: "3x3 same, 3 examples", x: [3, 5, 11, 7], w: [13, 5, 3, 3], padding: SAME },
  { name: "3x3 same, 13 to 17", x: [1, 13, 7, 7], w: [17, 13, 3, 3], padding: SAME },
  { name: "3x3 same, whole vectors", x: [1, 4, 8, 8], w: [8, 4, 3, 3], padding: SAME },
  { name: "3x3 same, even sizes", x: [3, 3, 6, 4], w: [5, 3, 3, 3], padding: SAME },
  { name: "1x1", x: [3, 17, 5, 5], w: [5, 17, 1, 1] },
  { name: "1x1 with padding", x: [1, 3, 5, 5], w: [5, 3, 1, 1], padding: [0, 1, 2, 1] },
  { name: "2x2 stride 2", x: [3, 3, 7, 6], w: [5, 3, 2, 2], stride: [2, 2] },
  { name: "5x5 same", x: [3, 1, 13, 11], w: [5, 1, 5, 5], padding: [2, 2, 2, 2] },
  { name: "1x7", x: [1, 3, 5, 11], w: [5, 3, 1, 7], padding: [0, 3, 0, 3] },
  { name: "7x1", x: [1, 3, 11, 5], w: [5, 3, 7, 1], padding: [3, 0, 3, 0] },
  { name: "7x7 stride 2", x: [1, 3, 17, 19], w: [5, 3, 7, 7], stride: [2, 2], padding: [3, 3, 3, 3] },
  { name: "11x11", x: [1, 3, 23, 23], w: [5, 3, 11, 11], padding: [5, 5, 5, 5] },
  // strides, padding, dilation
  { name: "3x3 stride 2", x: [3, 3, 11, 13], w: [5, 3, 3, 3], stride: [2, 2], padding: SAME },
  { name: "3x3 stride 2, last row and column unread", x: [1, 5, 8, 8], w: [3, 5, 3, 3], stride: [2, 2] },
  { name: "stride 2 by 3", x: [1, 3, 11, 13], w: [5, 3, 3, 3], stride: [2, 3], padding: SAME },
  { name: "stride larger than the window", x: [3, 5, 10, 11], w: [13, 5, 2, 2], stride: [4, 3] },
  { name: "1x1 stride 2", x: [3, 5, 7, 7], w: [13, 5, 1, 1], stride: [2, 2] },
  { name: "padding of four sizes", x: [1, 3, 5, 7], w: [5, 3, 4, 3], padding: [0, 1, 2, 3] },
  { name: "padding at bottom and right, stride 2", x: [3, 3, 8, 6], w: [5, 3, 3, 3], stride: [2, 2], padding: [0, 0, 1, 1] },
  { name: "padding larger than the window", x: [1, 3, 3, 5], w: [5, 3, 3, 3], padding: [5, 4, 4, 5] },
  { name: "dilation 2", x: [1, 3, 11, 11], w: [5, 3, 3, 3], padding: [2, 2, 2, 2], dilation: [2, 2] },
  { name: "dilation 1 by 3", x: [3, 3, 7, 11], w: [5, 3, 3, 3], dilation: [1, 3] },
  { name: "dilation, stride and padding", x: [3, 5, 13, 11], w: [3, 5, 3, 2], stride: [2, 3], padding: [1, 0, 2, 3], dilation: [3, 2] },
  // groups
  { name: "3 groups", x: [3, 9, 7, 5], w: [15, 3, 3, 3], padding: SAME, groups: 3 },
  { name: "2 groups, stride 2", x: [1, 6, 9, 7], w: [10, 3, 3, 3], stride: [2, 2], padding: SAME, groups: 2 },
  { name: "5 groups of 1x1", x: [3, 15, 5, 5], w: [5, 3, 1, 1], groups: 5 },
  { name: "depthwise", x: [3, 13, 7, 11], w: [13, 1, 3, 3], padding: SAME, groups: 13 },
  { name: "depthwise stride 2", x: [3, 5, 9, 8], w: [5, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 5 },
  { name: "depthwise 5x5, dilated", x: [1, 3, 13, 17], w: [3, 1, 5, 5], padding: [4, 4, 4, 4], dilation: [2, 2], groups: 3 },
  { name: "depthwise with padding of four sizes", x: [1, 3, 7, 9], w: [3, 1, 3, 5], padding: [2, 0, 1, 3], groups: 3 },
  { name: "depthwise with two filters a channel", x: [1, 5, 7, 7], w: [10, 1, 3, 3], padding: SAME, groups: 5 },
  { name: "depthwise, rows and columns at other strides", x: [1, 5, 9, 10], w: [5, 1, 3, 3], stride: [3, 2], padding: SAME, groups: 5 },
  { name: "depthwise, three columns between windows", x: [1, 3, 9, 11], w: [3, 1, 3, 3], stride: [1, 3], padding: SAME, groups: 3 },
  { name: "depthwise on narrow images", x: [3, 5, 6, 3], w: [5, 1, 3, 3], padding: SAME, groups: 5 },
  { name: "depthwise on narrow images, stride 2", x: [1, 5, 7, 5], w: [5, 1, 5, 5], stride: [2, 2], padding: [2, 2, 2, 2], groups: 5 },
  {
    name: "depthwise with padding larger than the window",
    x: [1, 3, 3, 5],
    w: [3, 1, 3, 3],
    stride: [1, 2],
    padding: [5, 4, 4, 5],
    groups: 3,
  },
  { name: "depthwise, two filters a channel, stride 2", x: [3, 3, 9, 9], w: [6, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 3 },
  { name: "depthwise in several bands", x: [1, 2, 75, 61], w: [2, 1, 3, 3], padding: SAME, groups: 2 },
  { name: "depthwise in several bands, stride 2", x: [1, 2, 117, 95], w: [2, 1, 5, 5], stride: [2, 2], padding: [2, 2, 2, 2], groups: 2 },
  { name: "depthwise 3x3 in several bands, stride 2", x: [1, 2, 117, 95], w: [2, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 2 },
  // large enough for every vector path, tile and panel
  { name: "16 to 32, 14x14", x: [1, 16, 14, 14], w: [32, 16, 3, 3], padding: SAME },
  { name: "32 to 32, 14x14, 3 examples", x: [3, 32, 14, 14], w: [32, 32, 3, 3], padding: SAME },
  { name: "32 to 17, 7x7", x: [3, 32, 7, 7], w: [17, 32, 3, 3], padding: SAME },
  { name: "16 to 16, 28x28", x: [1, 16, 28, 28], w: [16, 16, 3, 3], padding: SAME },
  { name: "19 to 29, 15x13", x: [3, 19, 15, 13], w: [29, 19, 3, 3], padding: SAME },
  { name: "16 to 32, 28x28, stride 2", x: [1, 16, 28, 28], w: [32, 16, 3, 3], stride: [2, 2], padding: SAME },
  { name: "1 to 16, 28x28", x: [3, 1, 28, 28], w: [16, 1, 3, 3], padding: SAME },
  { name: "3 to 16, 32x32, 5x5", x: [1, 3, 32, 32], w: [16, 3, 5, 5], padding: [2, 2, 2, 2] },
  { name: "32 to 64, 14x14, 1x1", x: [1, 32, 14, 14], w: [64, 32, 1, 1] },
  { name: "37 to 23, 13x13, 1x1", x: [3, 37, 13, 13], w: [23, 37, 1, 1] },
  { name: "32 depthwise, 14x14", x: [3, 32, 14, 14], w: [32, 1, 3, 3], padding: SAME, groups: 32 },
  { name: "16 depthwise, 28x28, stride 2", x: [1, 16, 28, 28], w: [16, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 16 },
  { name: "4 groups of 8, 14x14", x: [1, 32, 14, 14], w: [32, 8, 3, 3], padding: SAME, groups: 4 },
  { name: "more taps than a panel is made for", x: [1, 230, 5, 5], w: [3, 230, 3, 3], padding: SAME },
  // tiles of 4 x 4 and 2 x 2 that overhang, bands of them, and filters by parts
  { name: "1 to 1, 9x11", x: [3, 1, 9, 11], w: [1, 1, 3, 3], padding: SAME },
  { name: "5 to 3, 13x17", x: [3, 5, 13, 17], w: [3, 5, 3, 3], padding: SAME },
  { name: "5 to 7, 12x14 without padding", x: [3, 5, 12, 14], w: [7, 5, 3, 3] },
  { name: "3 to 5, 10x11, padding on two sides", x: [3, 3, 10, 11], w: [5, 3, 3, 3], padding: [1, 0, 0, 1] },
  { name: "3 to 5, 11x10, padding on the other sides", x: [3, 3, 11, 10], w: [5, 3, 3, 3], padding: [0, 1, 1, 0] },
  { name: "7 to 11, 4x4", x: [3, 7, 4, 4], w: [11, 7, 3, 3], padding: SAME },
  { name: "5 to 13, 5x5", x: [3, 5, 5, 5], w: [13, 5, 3, 3], padding: SAME },
  { name: "14 to 15, 13x17", x: [3, 14, 13, 17], w: [15, 14, 3, 3], padding: SAME },
  { name: "15 to 14, 12x14 without padding", x: [3, 15, 12, 14], w: [14, 15, 3, 3] },
  { name: "14 to 15, 10x11, padding on two sides", x: [3, 14, 10, 11], w: [15, 14, 3, 3], padding: [1, 0, 0, 1] },
  { name: "14 to 15, 11x10, padding on the other sides", x: [3, 14, 11, 10], w: [15, 14, 3, 3], padding: [0, 1, 1, 0] },
  { name: "14 to 15, 4x4, 9 examples", x: [9, 14, 4, 4], w: [15, 14, 3, 3], padding: SAME },
  { name: "14 to 15, 5x3, 9 examples", x: [9, 14, 5, 3], w: [15, 14, 3, 3], padding: SAME },
  { name: "14 to 15, wide image", x: [1, 14, 2, 131], w: [15, 14, 3, 3], padding: SAME },
  { name: "43 to 5, 34x23", x: [1, 43, 34, 23], w: [5, 43, 3, 3], padding: SAME },
  { name: "40 to 38, 30x33", x: [1, 40, 30, 33], w: [38, 40, 3, 3], padding: SAME },
  { name: "131 to 129, 7x7", x: [1, 131, 7, 7], w: [129, 131, 3, 3], padding: SAME },
  // windows in parts of 3 x 3, of which some are not full, and the same tiles, bands and padding
  { name: "10 to 11, 17x18, 6x5, padding on two sides", x: [1, 10, 17, 18], w: [11, 10, 6, 5], padding: [0, 2, 1, 0] },
  { name: "10 to 9, 17x19, 3x5 without padding", x: [1, 10, 17, 19], w: [9, 10, 3, 5] },
  { name: "9 to 10, 16x15, 7x3", x: [1, 9, 16, 15], w: [10, 9, 7, 3], padding: [3, 1, 3, 1] },
  { name: "14 to 15, 5x7, 5x5", x: [3, 14, 5, 7], w: [15, 14, 5, 5], padding: [2, 2, 2, 2] },
  { name: "66 to 65, 6x7, 5x5", x: [1, 66, 6, 7], w: [65, 66, 5, 5], padding: [2, 2, 2, 2] },
  { name: "17 to 18, 23x21, 5x5", x: [1, 17, 23, 21], w: [18, 17, 5, 5], padding: [2, 2, 2, 2] },
  { name: "wide image", x: [1, 3, 3, 131], w: [5, 3, 3, 3], padding: SAME },
  { name: "tall image", x: [1, 3, 131, 3], w: [5, 3, 3, 3], padding: SAME },
];

export function convAttrsOf({ stride, padding, dilation, groups }: ConvGeometry): Record<string, number | readonly number[]> {
  return { ...(stride && { stride }), ...(padding && { padding }), ...(dilation && { dilation }), ...(groups && { groups }) };
}
