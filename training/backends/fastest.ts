/** Which backend trains a network fastest: measured, since it depends on network, batch and device alike. */
import type { Backend, Executable } from "../../src/backends/backend.ts";
import { type Graph, sizeOf, type TensorData, type Tensors } from "../../src/graph/graph.ts";
import { median } from "../../src/intervals.ts";
import { resolveGroups } from "../groups.ts";
import { LABELS } from "../losses.ts";
import { interleave } from "../measure/interleave.ts";
import { sgd } from "../optimizers.ts";
import { trainingGraph } from "../training_graph.ts";

/** The training whose steps are timed. */
export interface TrainingTask {
  /** A network as `Trainer.create` takes it. */
  readonly graph: Graph;
  readonly tensors: Tensors;
  readonly batchSize: number;
}

/** The backend whose steps take the least time here, and what was measured. */
export interface Fastest {
  readonly backend: Backend;
  /** Milliseconds of a step, in the order of the candidates; undefined for one that cannot run it. */
  readonly ms: readonly (number | undefined)[];
  /** One plain sentence. */
  readonly why: string;
}

const ROUNDS = 3;

/**
 * Runs whole training steps on each candidate in turns, on made-up images, and returns the fastest. Nothing of `tensors` changes, and no backend is
 * disposed. Throws the last candidate's error where none can run the network.
 */
export async function fastestTrainingBackend(candidates: readonly Backend[], task: TrainingTask): Promise<Fastest> {
  const optimizer = sgd({ rate: 0 });
  const training = trainingGraph(task.graph, { groups: resolveGroups(task.graph, []), optimizer });
  const hyper = training.blocks.map((block) => [block.hyper, Float32Array.from(optimizer.hyper(0, 0, block.group))] as const);
  const inputs = { ...imagesFor(task), ...Object.fromEntries(hyper) };
  const running: { readonly index: number; readonly executable: Executable }[] = [];
  let refused: unknown;
  try {
    for (const [index, backend] of candidates.entries()) {
      try {
        const executable = await backend.compile(training.graph, { tensors: task.tensors });
        running.push({ index, executable });
        await executable.run(inputs, { outputs: [] });
      } catch (error) {
        refused = error;
        if (running.at(-1)?.index === index) running.pop()?.executable.dispose();
      }
    }
    if (running.length === 0) throw refused;
    // the loss is read, since a GPU is not done when it has been told what to do
    const steps = running.map(
      ({ executable }) =>
        () =>
          executable.run(inputs, { outputs: training.graph.outputs }),
    );
    const samples = await interleave(steps, { rounds: ROUNDS, sampleMs: 0 });
    const ms = candidates.map((_, index) => {
      const at = running.findIndex((one) => one.index === index);
      return at < 0 ? undefined : median(samples[at] as number[]);
    });
    const best = ms.reduce<number>((found, time, i) => ((time ?? Infinity) < (ms[found] ?? Infinity) ? i : found), 0);
    const names = candidates.map(
      ({ name }, i) => `${name} ${ms[i] === undefined ? "cannot run it" : `${(ms[i] as number).toPrecision(3)} ms`}`,
    );
    return { backend: candidates[best] as Backend, ms, why: `a training step was measured: ${names.join(", ")}` };
  } finally {
    for (const { executable } of running) executable.dispose();
  }
}

/** A batch that no data set has; values do not matter to how long a step takes. */
function imagesFor({ graph, batchSize }: TrainingTask): Record<string, TensorData> {
  const [image = ""] = graph.inputs;
  const shape = (graph.values[image]?.shape ?? []).map((dim) => (dim === "N" ? batchSize : dim));
  const images = Float32Array.from({ length: sizeOf(shape as number[]) }, (_, i) => Math.sin(i));
  return { [image]: images, [LABELS]: new Int32Array(batchSize) };
}
