import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Tensors } from "../../src/graph/graph.ts";
import { rounded } from "../../src/passes/network.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import type { Batch } from "../../training/data/dataset.ts";
import { Net } from "../../training/net.ts";
import { trainingOps } from "../../training/ops/index.ts";
import type { Calibration } from "../../training/prune/calibrate.ts";
import { criteria, type ScoreOptions, scoreChannels } from "../../training/prune/scores.ts";
import { Random } from "../../training/random.ts";
import { trainingReference } from "../../training/reference/index.ts";

const SIZE = 5;

/** A rotated activation after a norm and a pool, one after a sum, a plain one without a norm, and a rotated one behind a linear layer. */
function network() {
  const net = new Net({ channels: 2, height: SIZE, width: SIZE });
  const start = net
    .conv(3, 3, { padding: 1, bias: false, name: "conv1" })
    .batchNorm({ name: "bn1" })
    .maxPool(2, { stride: 1 })
    .relu({ rotated: true, name: "first" })
    .tap();
  net.conv(3, 3, { padding: 1, bias: false, name: "conv2" }).batchNorm({ name: "bn2" }).add(start).relu({ rotated: true, name: "sum" });
  net
    .conv(4, 1, { bias: false, name: "conv3" })
    .relu({ name: "plain" })
    .flatten()
    .linear(5, { name: "fc1" })
    .relu({ rotated: true, name: "last" })
    .linear(3, { name: "fc2" });
  const { graph, init } = net.build();
  const random = new Random("scores");
  const drawn = Object.entries(init(random)).map(([name, data]) => [
    name,
    Float64Array.from(data, () => (name.endsWith("_var") ? 0.5 + random.uniform() : random.normal(0, 0.7))),
  ]);
  return { graph, tensors: rounded(Object.fromEntries(drawn)) };
}

const { graph, tensors } = network();
const random = new Random("data");
const batches: Batch[] = [4, 3].map((count) => ({
  count,
  images: Float32Array.from({ length: count * 2 * SIZE * SIZE }, () => random.normal()),
  labels: Int32Array.from({ length: count }, () => random.int(3)),
}));
const calibration = (): Calibration => ({ backend: new ReferenceBackend(trainingOps, trainingReference), batches });
const score = (options: ScoreOptions, t: Tensors = tensors) => scoreChannels(graph, t, options);
const list = (name: string): number[] => Array.from(tensors[name] as Float32Array);
const close = (got: Float64Array | undefined, expected: readonly number[], digits = 9): void => {
  expect(got?.length).toBe(expected.length);
  for (const [c, value] of expected.entries()) expect(got?.[c]).toBeCloseTo(value, digits);
};

describe("criteria", () => {
  it("slope is |b|, and leaves plain activations alone", async () => {
    const { sites, skipped } = await score({ criterion: "slope" });
    expect(Object.keys(sites)).toEqual(["first", "sum", "last"]);
    for (const name of Object.keys(sites)) close(sites[name], list(`${name}.slope`).map(Math.abs));
    expect(skipped).toEqual({ plain: "it is not rotated: there is no slope" });
  });

  it("gamma is |γ| of the norm that feeds it alone", async () => {
    const { sites, skipped } = await score({ criterion: "gamma" });
    expect(Object.keys(sites)).toEqual(["first"]);
    close(sites.first, list("bn1.weight").map(Math.abs));
    expect(Object.keys(skipped)).toEqual(["sum", "plain", "last"]);
  });

  it("slope-gamma is |b·γ|, and after a sum |b| times the mean activation", async () => {
    const { sites, skipped } = await score({ criterion: "slope-gamma", calibration: calibration() });
    const slope = list("first.slope");
    close(
      sites.first,
      list("bn1.weight").map((gamma, c) => Math.abs(gamma * (slope[c] as number))),
    );
    const executable = new ReferenceBackend().compileExact(graph, tensors);
    const means = [0, 0, 0];
    for (const { images, count } of batches) {
      const x = executable.runExact({ image: images }, ["add1"]).add1 as Float64Array;
      const pixels = x.length / count / 3;
      x.forEach((value, i) => {
        const c = Math.floor(i / pixels) % 3;
        means[c] = (means[c] as number) + (Math.max(0, value) * Math.abs(list("sum.slope")[c] as number)) / pixels / 7;
      });
    }
    close(sites.sum, means, 6);
    expect(Object.keys(skipped)).toEqual(["plain"]);
  });

  it("slope-gamma says for which activation it needs data", async () => {
    await expect(score({ criterion: "slope-gamma" })).rejects.toThrow(/E_OPTION .*"sum".*calibration/);
  });

  it("l1 is the filter's norm over the mean of its layer", async () => {
    const { sites, skipped } = await score({ criterion: "l1" });
    expect(skipped).toEqual({});
    const norms = (name: string): number[] => {
      const w = list(name);
      const rows = graph.values[name]?.shape[0] as number;
      const sums = Array.from({ length: rows }, (_, o) =>
        w.slice((o * w.length) / rows, ((o + 1) * w.length) / rows).reduce((sum, v) => sum + Math.abs(v), 0),
      );
      return sums.map((sum) => (sum * rows) / sums.reduce((a, b) => a + b));
    };
    close(sites.first, norms("conv1.weight"));
    close(sites.sum, norms("conv2.weight"));
    close(sites.plain, norms("conv3.weight"));
    close(sites.last, norms("fc1.weight"));
  });

  it("random is seeded", async () => {
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => score({ criterion: "random", seed })));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(Object.keys(a?.sites ?? {})).toEqual(["first", "sum", "plain", "last"]);
  });

  it("taylor is what the loss would change by, to first order", async () => {
    const { sites, skipped } = await score({ criterion: "taylor", calibration: calibration() });
    expect(skipped).toEqual({});
    // the derivative of the loss by a factor on one channel, one example at a time, by central differences
    const builder = new GraphBuilder(trainingOps, { ...graph, outputs: [] });
    const labels = builder.input("labels", ["N"], "i32");
    builder.output(builder.add("cross_entropy", "loss", { logits: graph.outputs[0] as string, labels }));
    const executable = new ReferenceBackend(trainingOps, trainingReference).compileExact(builder.build(), tensors);
    const examples = batches.flatMap(({ images, labels: all, count }) =>
      Array.from({ length: count }, (_, n) => ({
        image: images.slice((n * images.length) / count, ((n + 1) * images.length) / count),
        labels: all.slice(n, n + 1),
      })),
    );
    for (const site of ["first", "sum", "last"]) {
      const slope = Float64Array.from(list(`${site}.slope`));
      const expected = Array.from(slope, (b, c) => {
        const changes = examples.map((example) => {
          const loss = (factor: number): number => {
            executable.writeExact(
              `${site}.slope`,
              slope.map((old, i) => (i === c ? b * factor : old)),
            );
            return executable.runExact(example).loss?.[0] as number;
          };
          return (loss(1 + 1e-5) - loss(1 - 1e-5)) / 2e-5;
        });
        executable.writeExact(`${site}.slope`, slope);
        return changes.reduce((sum, change) => sum + Math.abs(change), 0) / examples.length;
      });
      close(sites[site], expected, 6);
    }
  });

  it.each(["l1", "taylor"] as const)("slope-%s is |b| times that, where there is a slope", async (other) => {
    const combined = await score({ criterion: `slope-${other}`, calibration: calibration() });
    const { sites } = await score({ criterion: other, calibration: calibration() });
    expect(Object.keys(combined.sites)).toEqual(["first", "sum", "last"]);
    expect(combined.skipped).toEqual({ plain: "it is not rotated: there is no slope" });
    for (const [name, values] of Object.entries(combined.sites)) {
      const slope = list(`${name}.slope`);
      close(
        values,
        slope.map((b, c) => Math.abs(b) * (sites[name]?.[c] as number)),
      );
    }
  });

  it("taylor wants logits and data", async () => {
    await expect(score({ criterion: "taylor" })).rejects.toThrow(/E_OPTION .*taylor.*calibration/);
    await expect(score({ criterion: "taylor", calibration: { ...calibration(), batches: [] } })).rejects.toThrow(/E_INPUT .*no batch/);
  });

  it("an unknown criterion is refused with the list of known ones", async () => {
    await expect(score({ criterion: "magic" as never })).rejects.toThrow(
      `E_OPTION criterion "magic": choose one of ${criteria.join(", ")}`,
    );
  });
});
