/** Ten training steps of a small rotated-ReLU network, as PyTorch takes them (tools/fixtures/make_training.py); for Node and for pages. */
import type { Backend } from "../../src/backends/backend.ts";
import { resolveGroups, slopeGroup } from "../../training/groups.ts";
import { Net } from "../../training/net.ts";
import { adam, adamw, type OptimizerSettings, sgd } from "../../training/optimizers.ts";
import { trainingGraph } from "../../training/training_graph.ts";

export interface Recipe {
  readonly optimizer: Partial<OptimizerSettings> & { readonly kind: "sgd" | "adam" | "adamw"; readonly rate: number };
  readonly slopes: { readonly rateScale: number; readonly weightDecay: number; readonly l1: number };
  readonly losses: readonly number[];
  /** After step "1" and "10", by parameter. */
  readonly gradients?: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly final?: Readonly<Record<string, readonly number[]>>;
}

export interface Steps {
  readonly batch: number;
  readonly batches: number;
  readonly labelSmoothing: number;
  readonly recipes: Readonly<Record<string, Recipe>>;
}

/** Images, labels and every tensor that the network starts with. */
export type Start = Readonly<Record<string, Float32Array>>;

function network() {
  const net = new Net({ channels: 2, height: 8, width: 8 });
  net.conv(4, 3, { padding: 1 }).batchNorm().relu({ rotated: true });
  const shortcut = net.tap();
  net.conv(4, 3, { padding: 1 }).batchNorm().add(shortcut).relu({ rotated: true }).maxPool(2);
  net.conv(6, 3, { stride: 2, padding: 1 }).relu({ rotated: true }).flatten();
  return net.linear(5, { bias: true }).batchNorm().relu({ rotated: true }).linear(3).build().graph;
}

/** The training graph of a recipe and the numbers of each step. */
export function setUp(recipe: Recipe, steps: Steps, { images, labels }: Start) {
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

/** What is further from PyTorch than float32 explains, one line each: losses and gradients of every step, and the weights after the last. */
export async function float32Failures(backend: Backend, kind: string, steps: Steps, data: Start): Promise<string[]> {
  const recipe = steps.recipes[kind] as Recipe;
  const { training, hyper, imagesOf, labelsOf } = setUp(recipe, steps, data);
  const { images: _, labels: __, ...start } = data;
  const executable = await backend.compile(training.graph, { tensors: start });
  const failures: string[] = [];
  const check = (what: string, got: ArrayLike<number> | undefined, expected: readonly number[], tolerance: number): void => {
    const error = errorOf(got, expected);
    if (!(error < tolerance)) failures.push(`${what}: ${error}, allowed ${tolerance}`);
  };
  for (let step = 0; step < recipe.losses.length; step++) {
    const rates = Object.fromEntries(Object.entries(hyper(step)).map(([name, values]) => [name, Float32Array.from(values)]));
    const inputs = { image: imagesOf(step), labels: Int32Array.from(labelsOf(step)), ...rates };
    const outputs = await executable.run(inputs, { outputs: ["loss", ...Object.values(training.gradients)] });
    const late = step >= 7 ? TOLERANCES[`late loss of ${kind}`] : undefined;
    check(`loss of step ${step + 1}`, outputs.loss, [recipe.losses[step] as number], late ?? toleranceOf(`loss of ${kind}`));
    for (const [name, gradient] of Object.entries(recipe.gradients?.[step + 1] ?? {})) {
      check(`gradient of ${name}, step ${step + 1}`, outputs[training.gradients[name] as string], gradient, toleranceOf(name));
    }
  }
  for (const [name, values] of Object.entries(recipe.final ?? {})) {
    check(`final ${name}`, await executable.read(name), values, toleranceOf(name));
  }
  executable.dispose();
  return failures;
}

/** float32 against float64 after up to ten steps, of the largest element. */
const TOLERANCES: Readonly<Record<string, number>> = {
  "loss of sgd": 2e-5,
  "loss of nesterov": 2e-5,
  "loss of adam": 2e-5,
  // Adam divides gradients by their own size: biases before a batch norm, whose gradients are nothing but rounding, take full steps either way
  "loss of adamw": 2e-4,
  // by the drift of such a bias one pixel may go over a kink in the eighth step: whether it does depends on the order of sums
  "late loss of adamw": 5e-3,
  "fc1.bias": 2e-3, // such a bias: the gradient is 0 but for rounding, and is held to 2e-6
};
const toleranceOf = (name: string): number => TOLERANCES[name] ?? 1e-4;

/** The largest difference, over the largest expected element (over 0.001 where all are tiny: gradients before a batch norm may be zero). */
export function errorOf(got: ArrayLike<number> | undefined, expected: readonly number[]): number {
  if (got?.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-3, ...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - (got[i] as number)))) / scale;
}
