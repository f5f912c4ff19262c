/** What a reference kernel sees of its node: attributes, shapes, and its tensors in float64. */

export interface ReferenceIo<Attrs> {
  readonly attrs: Attrs;
  /** Whether an optional input or output is there. */
  has(slot: string): boolean;
  /** Concrete shape of an input or output. */
  shape(slot: string): readonly number[];
  /** Row-major elements of an input; integers too are float64 here. */
  input(slot: string): Float64Array;
  /** Row-major elements of an output: zeros, or where the op says that the output shares memory, that input's elements. */
  output(slot: string): Float64Array;
  /** Filled slots of a variadic input: `x0`, `x1`, … */
  list(prefix: string): string[];
}

/** Computes a node: reads its inputs, fills its outputs. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed in each kernel; a table holds kernels of all kinds
export type ReferenceKernel = (io: ReferenceIo<any>) => void;

/** Kernels by op. */
export type ReferenceTable = Readonly<Record<string, ReferenceKernel>>;

/** The element of a typed array whose index is known to be inside. */
export const at = (data: Float64Array, index: number): number => data[index] as number;

/** [examples, channels, pixels] of a [N, C, H, W] or [N, C] value: element (n, c, p) stands at (n·C + c)·P + p. */
export function asChannels(shape: readonly number[]): [n: number, c: number, pixels: number] {
  const [n = 1, c = 1, h = 1, w = 1] = shape;
  return [n, c, h * w];
}

/** Calls `visit(index, channel)` for every element of a [N, C, H, W] or [N, C] value. */
export function eachElement(shape: readonly number[], visit: (index: number, channel: number) => void): void {
  const [n, channels, pixels] = asChannels(shape);
  for (let example = 0; example < n; example++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) visit((example * channels + c) * pixels + p, c);
    }
  }
}
