/** FGSM and PGD: against finite differences in float64 on a network small enough, and by what must hold of any moved image. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import type { Tensors } from "../../src/graph/graph.ts";
import { optimize } from "../../src/passes/index.ts";
import { Attacker, type AttackSettings } from "../../training/attack.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { batches, type Dataset } from "../../training/data/index.ts";
import { cut } from "../../training/prune/index.ts";
import { Random } from "../../training/random.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { numericalGradient } from "../ops/finite_differences.ts";
import { toyDataset, toyModel } from "./toy.ts";

const CHANNEL = { mean: [0.3], std: [0.25] };
const dataset: Dataset = { ...toyDataset(), ...CHANNEL };

/** Statistics and shifts as training leaves them, so that no gradient is trivial. */
function trained(): ReturnType<typeof toyModel> {
  const { graph, tensors } = toyModel(3);
  const random = new Random(5);
  const moved = Object.entries(tensors).map(([name, data]) => [name, data.map((value) => value + 0.1 * (random.uniform() + 0.1))]);
  return { graph, tensors: Object.fromEntries(moved) as Tensors };
}

const model = trained();
const [batch] = batches(dataset.test, dataset, { size: dataset.test.count });
const { images, labels, count } = batch as NonNullable<typeof batch>;
const pixel = (value: number): number => value * 0.25 + 0.3;

describe("on Wasm", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasmTrainingBackend({ threads: 1 });
  });
  afterAll(() => backend.dispose());

  const attack = async (settings: AttackSettings, network = model): Promise<Float32Array> => {
    using attacker = await Attacker.create(network, backend, settings, CHANNEL);
    // disposed only then
    return await attacker.attack({ images, labels, count });
  };

  it("moves each pixel along the sign of the loss's numerical gradient", async () => {
    const exact = referenceTrainingBackend().compileExact(model.graph, model.tensors);
    const { inputs, outputs } = model.graph;
    const loss = (x: Float64Array): number => {
      const logits = Array.from(exact.runExact({ [inputs[0] as string]: x })[outputs[0] as string] as Float64Array);
      let sum = 0;
      labels.forEach((label, i) => {
        const row = logits.slice(3 * i, 3 * i + 3);
        sum += Math.log(row.reduce((total, value) => total + Math.exp(value), 0)) - (row[label] as number);
      });
      return sum / labels.length;
    };
    const gradient = numericalGradient(loss, Float64Array.from(images));
    const most = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const moved = await attack({ method: "fgsm", epsilon: 0.125 });
    let clear = 0;
    gradient.forEach((slope, i) => {
      // where max pools let nothing through, or rounding could decide, the sign says nothing
      if (Math.abs(slope) < 1e-4 * most) return;
      clear++;
      expect((moved[i] as number) - (images[i] as number), `pixel ${i}`).toBeCloseTo(0.125 * Math.sign(slope), 5);
    });
    expect(clear).toBeGreaterThan(images.length / 4);
  });

  it.each<[what: string, settings: AttackSettings, radius: number]>([
    ["FGSM", { method: "fgsm", epsilon: 0.2 }, 0.2],
    ["PGD", { method: "pgd", epsilon: 0.2, steps: 9 }, 0.2],
    ["PGD with steps longer than the ball", { method: "pgd", epsilon: 0.1, steps: 3, alpha: 7 }, 0.1],
    ["PGD in pixels", { method: "pgd", epsilon: 0.2, steps: 5, space: "pixels" }, 0.8],
  ])("%s stays in the ball around each image", async (_, settings, radius) => {
    const moved = await attack(settings);
    const far = moved.map((value, i) => Math.abs(value - (images[i] as number)));
    expect(Math.max(...far)).toBeLessThanOrEqual(radius * (1 + 1e-5));
    expect(Math.max(...far)).toBeGreaterThan(0.9 * radius);
  });

  it("clips in pixels, and in pixels alone", async () => {
    const [clipped, free] = [
      await attack({ method: "fgsm", epsilon: 0.9, space: "pixels" }),
      await attack({ method: "fgsm", epsilon: 3.6 }),
    ];
    for (const value of clipped) {
      expect(pixel(value)).toBeGreaterThanOrEqual(-1e-6);
      expect(pixel(value)).toBeLessThanOrEqual(1 + 1e-6);
    }
    expect(Math.min(...free.map(pixel))).toBeLessThan(-0.1);
    // the same step, but for the clipping
    expect([...free].map((value) => Math.min(1, Math.max(0, pixel(value))))).toEqual([...clipped].map((v) => expect.closeTo(pixel(v), 5)));
  });

  it("leaves images alone with an ε of 0, and never lowers the loss on average", async () => {
    expect(await attack({ method: "pgd", epsilon: 0, steps: 2 })).toEqual(images);
    const settings: AttackSettings[] = [
      { method: "fgsm", epsilon: 0.05 },
      { method: "pgd", epsilon: 0.05, steps: 10 },
    ];
    const losses: number[] = [];
    for (const each of settings) {
      using attacker = await Attacker.create(model, backend, each);
      const { clean, adversarial } = await attacker.score(batches(dataset.test, dataset, { size: 5 }));
      expect({ clean: clean.count, adversarial: adversarial.count }).toEqual({ clean: count, adversarial: count });
      expect(adversarial.loss).toBeGreaterThan(clean.loss);
      expect(adversarial.accuracy).toBeLessThanOrEqual(clean.accuracy);
      losses.push(adversarial.loss);
    }
    expect(losses[1]).toBeGreaterThanOrEqual((losses[0] as number) - 1e-3);
  });

  it("does the same to a packed network, and takes a cut one", async () => {
    const settings: AttackSettings = { method: "fgsm", epsilon: 0.125 };
    const [whole, packed] = [await attack(settings), await attack(settings, optimize(model.graph, model.tensors))];
    const same = whole.filter((value, i) => value === packed[i]).length;
    expect(same / whole.length).toBeGreaterThan(0.99);
    const small = cut(model.graph, model.tensors, { relu1: [true, false, true, true] });
    expect(await attack(settings, optimize(small.graph, small.tensors))).toHaveLength(images.length);
  });

  it.each<[what: string, settings: AttackSettings, words: RegExp]>([
    ["an ε below 0", { method: "fgsm", epsilon: -1 }, /E_OPTION epsilon is -1/],
    ["no steps", { method: "pgd", steps: 0 }, /E_OPTION steps is 0/],
    ["another method", { method: "cw" as "pgd" }, /E_OPTION attack "cw": choose fgsm or pgd/],
  ])("refuses %s", async (_, settings, words) => {
    await expect(Attacker.create(model, backend, settings)).rejects.toThrow(words);
  });

  it("refuses pixels without a mean and a spread", async () => {
    await expect(Attacker.create(model, backend, { method: "fgsm", space: "pixels" })).rejects.toThrow(
      /E_OPTION space pixels needs the mean/,
    );
  });
});
