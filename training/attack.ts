/**
 * Attacks on a trained network: images moved a little, pixel by pixel, so that its loss grows. FGSM (Goodfellow et al. 2015) takes one step along the sign of the
 * gradient; PGD (Madry et al. 2018) several, each time back into the ball of radius ε (L∞) around the image. There is no random start: results repeat.
 */
import type { Backend, Executable } from "../src/backends/backend.ts";
import { AbortedError, InputError } from "../src/errors.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import type { Graph, TensorData, Tensors } from "../src/graph/graph.ts";
import { networkOf, rounded, unfused } from "../src/passes/index.ts";
import { differentiate } from "./autodiff.ts";
import type { Batch, BatchSource } from "./data/dataset.ts";
import { checkLabels, classesOf } from "./feed.ts";
import { LABELS, LOSS, logitsOf, type Score } from "./losses.ts";
import { trainingOps } from "./ops/index.ts";

/** Which attack, how far and where. FGSM: Goodfellow et al. 2015; PGD: Madry et al. 2018, without random start. */
export interface AttackSettings {
  readonly method: "fgsm" | "pgd";
  /** Radius of the ball in units of `space`; 0.031 unless given. */
  readonly epsilon?: number;
  /** Of PGD; 60 unless given. */
  readonly steps?: number;
  /** Length of a step of PGD in units of `space`; ε / 5 unless given. */
  readonly alpha?: number;
  /**
   * `normalised`: the network's own input, without bounds, as the method's authors have it. `pixels`: values from 0 to 1 before normalisation, in
   * which the moved image stays. `normalised` unless given.
   */
  readonly space?: "normalised" | "pixels";
}

/** Mean and spread of each channel, by which pixels were normalised; needed for `pixels`. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Accuracy and loss over the images that an attacker was given, as they were and as it changed them. */
export interface AttackResult {
  readonly clean: Score;
  readonly adversarial: Score;
}

/** What differs from channel to channel: radius, step and bounds, in units of the network's input. */
interface ChannelBounds {
  readonly epsilon: number;
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

const resolve = ({ method, epsilon = 0.031, steps = 60, alpha = epsilon / 5, space = "normalised" }: AttackSettings) =>
  method === "fgsm" ? { method, epsilon, steps: 1, alpha: epsilon, space } : { method, epsilon, steps, alpha, space };

/** The settings with everything filled in. Throws InputError E_OPTION for impossible ones. */
export function attackSettings(settings: AttackSettings): Required<AttackSettings> {
  const all = resolve(settings);
  if (all.method !== "fgsm" && all.method !== "pgd") throw new InputError("E_OPTION", `attack "${settings.method}": choose fgsm or pgd`);
  if (all.space !== "normalised" && all.space !== "pixels")
    throw new InputError("E_OPTION", `space "${settings.space}": choose normalised or pixels`);
  for (const name of ["epsilon", "alpha"] as const) {
    if (!Number.isFinite(all[name]) || all[name] < 0)
      throw new InputError("E_OPTION", `${name} is ${all[name]}; give a finite number of 0 or more`);
  }
  if (!Number.isSafeInteger(all.steps) || all.steps < 1)
    throw new InputError("E_OPTION", `steps is ${all.steps}; give an integer of 1 or more`);
  return all;
}

/** A network compiled for attacks. Dispose of it. */
export class Attacker {
  readonly settings: Required<AttackSettings>;
  readonly #executable: Executable;
  readonly #names: Names;
  readonly #bounds: readonly ChannelBounds[];
  readonly #plane: number;
  readonly #classes: number;

  /**
   * Any network that ends in logits, packed ones too; `backend` must know the training ops. Throws InputError E_OPTION for impossible settings, GraphError
   * for a network without logits.
   */
  static async create(
    network: { readonly graph: Graph; readonly tensors: Tensors },
    backend: Backend,
    settings: AttackSettings,
    normalisation?: Normalisation,
  ): Promise<Attacker> {
    const all = attackSettings(settings);
    const { graph, tensors } = unfused(networkOf(network.graph, network.tensors));
    const shape = graph.values[graph.inputs[0] as string]?.shape as readonly number[];
    const bounds = boundsOf(all, shape[1] as number, normalisation);
    const { gradient, ...names } = attackGraph(graph);
    const executable = await backend.compile(gradient, { tensors: rounded(tensors) });
    const plane = shape.slice(2).reduce((size, side) => size * side, 1);
    return new Attacker(all, executable, names, bounds, plane, classesOf(graph));
  }

  private constructor(
    settings: Required<AttackSettings>,
    executable: Executable,
    names: Names,
    bounds: readonly ChannelBounds[],
    plane: number,
    classes: number,
  ) {
    this.settings = settings;
    this.#executable = executable;
    this.#names = names;
    this.#bounds = bounds;
    this.#plane = plane;
    this.#classes = classes;
  }

  /** The images of a batch, moved. Throws InputError E_INPUT for labels that are no class, AbortedError. */
  async attack(batch: Batch, signal?: AbortSignal): Promise<Float32Array> {
    checkLabels(batch, this.#classes);
    const start = batch.images.slice();
    const images = start.slice();
    for (let step = 0; step < this.settings.steps; step++) {
      if (signal?.aborted) throw new AbortedError("the attack", { cause: signal.reason });
      const { image, dx } = this.#names;
      const { [dx]: gradient } = await this.#executable.run({ [image]: images, [LABELS]: batch.labels }, { outputs: [dx] });
      this.#move(images, start, gradient as TensorData);
    }
    return images;
  }

  /** Loss and hits before and after, over all batches. Throws InputError E_INPUT where there is none, and what `attack` throws. */
  async score(source: BatchSource, { signal, onProgress }: ScoreOptions = {}): Promise<AttackResult> {
    const sums = { clean: { loss: 0, hits: 0 }, adversarial: { loss: 0, hits: 0 } };
    let count = 0;
    for await (const batch of source) {
      // a batch's memory is reused by the next one
      const labels = batch.labels.slice();
      const clean = batch.images.slice();
      const moved = await this.attack({ images: clean, labels, count: batch.count }, signal);
      for (const [kind, images] of [
        ["clean", clean],
        ["adversarial", moved],
      ] as const) {
        // biome-ignore format: one line
        const { loss, hits } = await this.#judge(images, labels);
        sums[kind].loss += loss;
        sums[kind].hits += hits;
      }
      count += batch.count;
      onProgress?.(count);
    }
    if (count === 0) throw new InputError("E_INPUT", "there are no images to attack; give at least one batch");
    const scoreOf = ({ loss, hits }: { loss: number; hits: number }): Score => ({ loss: loss / count, accuracy: hits / count, count });
    return { clean: scoreOf(sums.clean), adversarial: scoreOf(sums.adversarial) };
  }

  /** Frees the memory; the backend stays. */
  dispose(): void {
    this.#executable.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** One step along the gradient's sign, back into the ball, and into the bounds. */
  #move(images: Float32Array, start: Float32Array, gradient: TensorData): void {
    const plane = this.#plane;
    for (let from = 0, p = 0; from < images.length; from += plane, p++) {
      const { epsilon, step, low, high } = this.#bounds[p % this.#bounds.length] as ChannelBounds;
      for (let i = from; i < from + plane; i++) {
        const x = start[i] as number;
        const moved = (images[i] as number) + step * Math.sign(gradient[i] as number);
        const near = Math.min(Math.max(moved, x - epsilon), x + epsilon);
        images[i] = Math.min(Math.max(near, low), high);
      }
    }
  }

  /** Σ loss and hits. */
  async #judge(images: Float32Array, labels: Int32Array): Promise<{ loss: number; hits: number }> {
    const { image, logits } = this.#names;
    const run = await this.#executable.run({ [image]: images, [LABELS]: labels }, { outputs: [logits] });
    const values = run[logits] as TensorData;
    let [loss, hits] = [0, 0];
    labels.forEach((label, i) => {
      const row = Array.from(values.subarray(i * this.#classes, (i + 1) * this.#classes));
      const most = Math.max(...row);
      loss += most - (row[label] as number) + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
      if (row.indexOf(most) === label) hits++;
    });
    return { loss, hits };
  }
}

export interface ScoreOptions {
  readonly signal?: AbortSignal;
  /** Told how many images are done. */
  readonly onProgress?: (done: number) => void;
}

interface Names {
  readonly image: string;
  readonly logits: string;
  /** ∂loss/∂image. */
  readonly dx: string;
}

/** The network with the gradient of its loss by its input; statistics of batch norms are the running ones. */
function attackGraph(graph: Graph): Names & { readonly gradient: Graph } {
  const logits = logitsOf(graph);
  const image = graph.inputs[0] as string;
  const builder = new GraphBuilder(trainingOps, graph);
  const labels = builder.input(LABELS, ["N"], "i32");
  builder.add("cross_entropy", LOSS, { logits, labels });
  const { graph: gradient, gradients } = differentiate(builder.build(), { loss: LOSS, wrt: [image] });
  return { gradient, image, logits, dx: gradients[image] as string };
}

function boundsOf({ space, epsilon, alpha }: Required<AttackSettings>, channels: number, normalisation?: Normalisation): ChannelBounds[] {
  if (space === "normalised") {
    return Array.from({ length: channels }, () => ({
      epsilon,
      step: alpha,
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    }));
  }
  const { mean, std } = normalisation ?? { mean: [], std: [] };
  if (mean.length !== channels || std.length !== channels) {
    const given = normalisation ? `${mean.length} means and ${std.length} spreads` : "none";
    throw new InputError(
      "E_OPTION",
      `space pixels needs the mean and spread of each of ${channels} channels, ${given} given; or take normalised`,
    );
  }
  return mean.map((m, c) => {
    const s = std[c] as number;
    return { epsilon: epsilon / s, step: alpha / s, low: (0 - m) / s, high: (1 - m) / s };
  });
}
