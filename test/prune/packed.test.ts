/** Whole architectures, cut to half and packed: no move of channels is left that a convolution could do, and the numbers are the masked network's. */
import { describe, expect, it } from "vitest";
import { createWasmBackend, inferenceBuild } from "../../src/backends/wasm/backend.ts";
import { costOf } from "../../src/graph/cost.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { readModel, writeModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { type Network, rounded } from "../../src/passes/network.ts";
import { optimizeExact } from "../../src/passes/optimize.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { type ArchitectureName, createModel } from "../../training/models/index.ts";
import { cutExact } from "../../training/prune/cut.ts";
import { maskExact } from "../../training/prune/mask.ts";
import { sitesOf } from "../../training/prune/survivors.ts";
import { Random } from "../../training/random.ts";
import { randomInput } from "./random_network.ts";

/** The network with random numbers, slopes among them, and half of each activation's channels chosen. */
function half(name: ArchitectureName, size: number) {
  const { graph, init } = createModel(name, { activation: "rrelu", input: { channels: 3, height: size, width: size }, classes: 10 });
  const random = new Random(`packed ${name}`);
  const tensors = Object.fromEntries(
    Object.entries(init(random)).map(([key, data]) => {
      const spread = graph.values[key]?.shape.length === 1 && !key.endsWith("var") ? 0.5 : 0;
      return [key, Float64Array.from(data, (value) => value + spread * random.normal())];
    }),
  );
  const survivors = Object.fromEntries(sitesOf(graph).map(({ name, channels }) => [name, randomHalf(random, channels)]));
  return { network: { graph, tensors }, survivors, inputs: randomInput({ graph, tensors }, random, 2) };
}

function randomHalf(random: Random, channels: number): boolean[] {
  const order = random.shuffle(Int32Array.from({ length: channels }, (_, i) => i));
  const kept = new Set(order.slice(0, Math.ceil(channels / 2)));
  return Array.from({ length: channels }, (_, c) => kept.has(c));
}

/** Number of nodes of each op. */
function opsOf({ nodes }: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number)))) / Math.max(...Array.from(a, Math.abs));

const TAIL = { global_avg_pool: 1, flatten: 1, linear: 1 };
const cases: readonly { readonly name: ArchitectureName; readonly size: number; readonly packed: Record<string, number> }[] = [
  { name: "resnet20", size: 8, packed: { conv2d: 19, max_pool: 2, ...TAIL } },
  { name: "mobilenet-v2", size: 16, packed: { conv2d: 52, ...TAIL } },
  // before the activation comes a batch norm, for which the gather is made
  { name: "wrn-16-4", size: 4, packed: { conv2d: 16, batch_norm: 6, relu: 6, gather_channels: 3, ...TAIL } },
];

describe.each(cases)("$name, half of its channels cut", ({ name, size, packed: expected }) => {
  const { network, survivors, inputs } = half(name, size);
  const packed = optimizeExact(cutExact(network, survivors));
  const run = ({ graph, tensors }: Network): Float64Array =>
    new ReferenceBackend().compileExact(graph, tensors).runExact(inputs).logits as Float64Array;

  it("has as few nodes as can be", () => {
    expect(opsOf(packed.graph)).toEqual(expected);
  });

  it("computes what the masked network computes, and so it does from a file, on Wasm", async () => {
    const masked = run(maskExact(network, survivors));
    expect(largestDifference(masked, run(packed))).toBeLessThan(1e-9);
    const model = readModel(writeModel({ graph: packed.graph, tensors: rounded(packed.tensors) }));
    expect(model.graph).toEqual(packed.graph);
    const backend = await createWasmBackend(inferenceBuild, { threads: 1 });
    const executable = await backend.compile(model.graph, { tensors: model.tensors });
    const { logits } = await executable.run(rounded(inputs));
    backend.dispose();
    expect(largestDifference(masked, logits as Float32Array)).toBeLessThan(1e-4);
  });

  it("counts what it multiplies, fused or not", () => {
    expect(costOf(packed.graph, ops).macs).toBe(costOf(cutExact(network, survivors).graph, ops).macs);
  });
});
