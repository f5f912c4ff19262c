/** Which pixels a sliding window reads: the one loop nest behind convolutions, pools and their gradients. */

export interface WindowGeometry {
  readonly stride: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding: readonly number[];
  readonly dilation?: readonly number[];
}

/**
 * Calls `visit` for every output pixel (i, j), tap (p, q) and the pixel (y, x) of the image that this tap reads there.
 * Taps that fall on the padding are left out: they read zeros, or nothing.
 */
export function eachTap(
  image: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  geometry: WindowGeometry,
  visit: (i: number, j: number, p: number, q: number, y: number, x: number) => void,
): void {
  const [height = 1, width = 1] = image;
  const [outputHeight = 1, outputWidth = 1] = output;
  const [kernelHeight = 1, kernelWidth = 1] = kernel;
  const [strideY = 1, strideX = 1] = geometry.stride;
  const [top = 0, left = 0] = geometry.padding;
  const [dilationY = 1, dilationX = 1] = geometry.dilation ?? [1, 1];
  for (let i = 0; i < outputHeight; i++) {
    for (let j = 0; j < outputWidth; j++) {
      for (let p = 0; p < kernelHeight; p++) {
        const y = i * strideY - top + p * dilationY;
        if (y < 0 || y >= height) continue;
        for (let q = 0; q < kernelWidth; q++) {
          const x = j * strideX - left + q * dilationX;
          if (x >= 0 && x < width) visit(i, j, p, q, y, x);
        }
      }
    }
  }
}
