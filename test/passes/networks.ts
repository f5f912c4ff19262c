/** Small networks to try passes on, and how far two of them are apart. */
import { GraphBuilder } from "../../src/graph/builder.ts";
import { sizeOf } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import type { Network } from "../../src/passes/network.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { Random } from "../../training/random.ts";
import { randomInput } from "../prune/random_network.ts";

/** Declares a parameter with these numbers, random ones unless said otherwise. */
export type Known = (name: string, shape: number[], draw?: (i: number) => number) => string;

/** The largest difference between the outputs of two networks, relative to numbers above 1. */
export function difference(a: Network, b: Network): number {
  const inputs = randomInput(a, new Random(3), 3);
  const run = ({ graph, tensors }: Network) => new ReferenceBackend().compileExact(graph, tensors).runExact(inputs);
  const [x, y] = [run(a), run(b)];
  return Math.max(
    ...a.graph.outputs.flatMap((name) =>
      Array.from(x[name] ?? [], (value, i) => Math.abs(value - (y[name]?.[i] as number)) / Math.max(1, Math.abs(value))),
    ),
  );
}

/** Networks that the builder of layers does not make: operands that are known, weights that are shared. */
export function handmade(build: (builder: GraphBuilder, known: Known) => string): Network {
  const builder = new GraphBuilder(ops);
  const random = new Random("handmade");
  const tensors: Record<string, Float64Array> = {};
  builder.input("image", ["N", 2, 4, 4]);
  const known = (name: string, shape: number[], draw: (i: number) => number = () => random.normal()): string => {
    tensors[name] = Float64Array.from({ length: sizeOf(shape) }, (_, i) => draw(i));
    return builder.param(name, shape);
  };
  builder.output(build(builder, known));
  return { graph: builder.build(), tensors };
}

/** The parameters of a batch norm of three channels. */
export const norm = (known: Known, name: string) => ({
  gamma: known(`${name}.gamma`, [3]),
  beta: known(`${name}.beta`, [3]),
  mean: known(`${name}.mean`, [3]),
  var: known(`${name}.var`, [3], () => 0.7),
});
