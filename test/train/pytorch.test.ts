/** Ten training steps of a small rotated-ReLU network against PyTorch's (tools/fixtures/make_training.py). */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { resolveGroups, slopeGroup } from "../../training/groups.ts";
import { Net } from "../../training/net.ts";
import { adam, adamw, type OptimizerSettings, sgd } from "../../training/optimizers.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { trainingGraph } from "../../training/training_graph.ts";
import { describeWithAdapter } from "../backends/adapter.ts";

interface Recipe {
  readonly optimizer: Partial<OptimizerSettings> & { readonly kind: "sgd" | "adam" | "adamw"; readonly rate: number };
  readonly slopes: { readonly rateScale: number; readonly weightDecay: number; readonly l1: number };
  readonly losses: readonly number[];
  /** After step "1" and "10", by parameter. */
  readonly gradients?: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly final?: Readonly<Record<string, readonly number[]>>;
}

const folder = new URL("../fixtures/training/", import.meta.url);
const steps = JSON.parse(readFileSync(new URL("steps.json", folder), "utf8")) as {
  readonly batch: number;
  readonly batches: number;
  readonly labelSmoothing: number;
  readonly recipes: Readonly<Record<string, Recipe>>;
};
const { images, labels, ...start } = Object.fromEntries(
  Object.entries(readSafetensors(readFileSync(new URL("start.safetensors", folder))).tensors).map(([name, { data }]) => [name, data]),
) as Record<string, Float32Array>;

function network() {
  const net = new Net({ channels: 2, height: 8, width: 8 });
  net.conv(4, 3, { padding: 1 }).batchNorm().relu({ rotated: true });
  const shortcut = net.tap();
  net.conv(4, 3, { padding: 1 }).batchNorm().add(shortcut).relu({ rotated: true }).maxPool(2);
  net.conv(6, 3, { stride: 2, padding: 1 }).relu({ rotated: true }).flatten();
  return net.linear(5, { bias: true }).batchNorm().relu({ rotated: true }).linear(3).build().graph;
}

/** The training graph of a recipe and the numbers of each step. */
function setUp(recipe: Recipe) {
  const optimizer = { sgd, adam, adamw }[recipe.optimizer.kind](recipe.optimizer);
  const { rateScale, weightDecay, l1 } = recipe.slopes;
  const graph = network();
  const groups = resolveGroups(graph, [slopeGroup({ rateScale, weightDecay, l1: { strength: l1, mode: "subgradient" } })]);
  const training = trainingGraph(graph, { groups, optimizer, labelSmoothing: steps.labelSmoothing });
  const hyper = (step: number) => Object.fromEntries(training.blocks.map((block) => [block.hyper, optimizer.hyper(step, 1, block.group)]));
  const rows = (data: Float32Array, step: number) => {
    const size = (data.length / steps.batch / steps.batches) * steps.batch;
    const from = (step % steps.batches) * size;
    return data.subarray(from, from + size);
  };
  return {
    training,
    hyper,
    imagesOf: (step: number) => rows(images as Float32Array, step),
    labelsOf: (step: number) => rows(labels as Float32Array, step),
  };
}

const runs = Object.entries(steps.recipes);

describe("ten steps of PyTorch", () => {
  it.each(runs)("in float64 on the reference: %s", (_, recipe) => {
    const { training, hyper, imagesOf, labelsOf } = setUp(recipe);
    const executable = referenceTrainingBackend().compileExact(training.graph, start);
    for (let step = 0; step < recipe.losses.length; step++) {
      const rates = Object.fromEntries(Object.entries(hyper(step)).map(([name, values]) => [name, Float64Array.from(values)]));
      const inputs = { image: imagesOf(step), labels: Int32Array.from(labelsOf(step)), ...rates };
      const outputs = executable.runExact(inputs, ["loss", ...Object.values(training.gradients)]);
      expect(outputs.loss?.[0], `loss of step ${step + 1}`).toBeCloseTo(recipe.losses[step] as number, 10);
      for (const [name, gradient] of Object.entries(recipe.gradients?.[step + 1] ?? {})) {
        expectClose(`gradient of ${name}, step ${step + 1}`, outputs[training.gradients[name] as string], gradient, 1e-9);
      }
    }
    for (const [name, values] of Object.entries(recipe.final ?? {})) expectClose(`final ${name}`, executable.readExact(name), values, 1e-9);
  });

  it.each(runs)("in float32 on Wasm: %s", async (kind, recipe) => {
    const backend = await wasmTrainingBackend({ threads: 1 });
    await checkFloat32(backend, kind, recipe);
    backend.dispose();
  });
});

await describeWithAdapter("swiftshader", () => {
  // one for all, since software adapters take long to make pipelines
  let backend: Backend;
  beforeAll(async () => {
    backend = await webgpuTrainingBackend();
  });
  afterAll(() => backend.dispose());

  it.each(runs)("ten steps of PyTorch in float32 on WebGPU: %s", (kind, recipe) => checkFloat32(backend, kind, recipe), 240_000);
});

/** Losses and gradients of every step, and the weights after the last. */
async function checkFloat32(backend: Backend, kind: string, recipe: Recipe): Promise<void> {
  const { training, hyper, imagesOf, labelsOf } = setUp(recipe);
  const executable = await backend.compile(training.graph, { tensors: start });
  for (let step = 0; step < recipe.losses.length; step++) {
    const rates = Object.fromEntries(Object.entries(hyper(step)).map(([name, values]) => [name, Float32Array.from(values)]));
    const inputs = { image: imagesOf(step), labels: Int32Array.from(labelsOf(step)), ...rates };
    const outputs = await executable.run(inputs, { outputs: ["loss", ...Object.values(training.gradients)] });
    expectClose(`loss of step ${step + 1}`, outputs.loss, [recipe.losses[step] as number], toleranceOf(`loss of ${kind}`));
    for (const [name, gradient] of Object.entries(recipe.gradients?.[step + 1] ?? {})) {
      expectClose(`gradient of ${name}, step ${step + 1}`, outputs[training.gradients[name] as string], gradient, toleranceOf(name));
    }
  }
  for (const [name, values] of Object.entries(recipe.final ?? {})) {
    expectClose(`final ${name}`, await executable.read(name), values, toleranceOf(name));
  }
  executable.dispose();
}

/** float32 against float64 after up to ten steps, of the largest element. */
const TOLERANCES: Readonly<Record<string, number>> = {
  "loss of sgd": 2e-5,
  "loss of nesterov": 2e-5,
  // Adam divides gradients by their own size: biases before a batch norm, whose gradients are nothing but rounding, take full steps either way
  "loss of adam": 1e-3,
  "loss of adamw": 1e-3,
  "fc1.bias": 2e-3, // such a bias: the gradient is 0 but for rounding, and is held to 2e-6
};
const toleranceOf = (name: string): number => TOLERANCES[name] ?? 1e-4;

/** Every element within `tolerance` of the largest expected one (of 1 where all are tiny: gradients before a batch norm may be zero). */
function expectClose(what: string, got: ArrayLike<number> | undefined, expected: readonly number[], tolerance: number): void {
  expect(got?.length, what).toBe(expected.length);
  const scale = Math.max(1e-3, ...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - ((got as ArrayLike<number>)[i] as number))));
  expect(worst / scale, what).toBeLessThan(tolerance);
}
