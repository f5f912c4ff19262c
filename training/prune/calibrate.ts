/** Scores that need data: the network runs on calibration batches, on whatever backend the caller has. */
import type { Backend, Executable } from "../../src/backends/backend.ts";
import { AbortedError, InputError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Graph, producersOf, type TensorData, type Tensors } from "../../src/graph/graph.ts";
import { differentiate } from "../autodiff.ts";
import type { Batch, BatchSource } from "../data/dataset.ts";
import { LABELS, LOSS, logitsOf } from "../losses.ts";
import { trainingOps } from "../ops/index.ts";
import type { Site } from "./survivors.ts";

/** Examples on which criteria watch a network run. */
export interface Calibration {
  /** Must know the training ops for `taylor`. */
  readonly backend: Backend;
  readonly batches: BatchSource;
}

interface Run {
  readonly executable: Executable;
  readonly inputs: (batch: Batch) => Tensors;
  readonly outputs: readonly string[];
}

/** What one channel of one example counts: the elements from … to − 1 of the run's outputs. */
type Count = (site: Site, values: Readonly<Record<string, TensorData>>, batch: Batch) => (from: number, to: number) => number;

const outputOf = (site: Site): string => site.node.outputs.y as string;

/** Site → mean |activation| of each channel, over examples and pixels. */
export async function meanActivations(
  graph: Graph,
  tensors: Tensors,
  sites: readonly Site[],
  calibration: Calibration,
  signal?: AbortSignal,
): Promise<Map<string, Float64Array>> {
  const executable = await calibration.backend.compile(graph, { tensors, signal });
  const inputs = ({ images }: Batch): Tensors => ({ [graph.inputs[0] as string]: images });
  const run = { executable, inputs, outputs: sites.map(outputOf) };
  return averages(run, sites, calibration, signal, (site, values) => {
    const y = values[outputOf(site)] as TensorData;
    return (from, to) => sum(from, to, (i) => Math.abs(y[i] as number)) / (to - from);
  });
}

/**
 * Site → mean over examples of |Σ activation · ∂loss/∂activation| of each channel: to first order what the loss changes by when the channel
 * is cut. The absolute value is taken for each example; over all of them the signed sum of a trained network is next to zero.
 */
export async function taylorScores(
  graph: Graph,
  tensors: Tensors,
  sites: readonly Site[],
  calibration: Calibration,
  signal?: AbortSignal,
): Promise<Map<string, Float64Array | string>> {
  const logits = logitsOf(graph);
  const builder = new GraphBuilder(trainingOps, { ...graph, outputs: [] });
  const labels = builder.input(LABELS, ["N"], "i32");
  builder.output(builder.add("cross_entropy", LOSS, { logits, labels }));
  const read = upstream(graph, logits);
  const used = sites.filter((site) => read.has(outputOf(site)));
  const found = new Map<string, Float64Array | string>(sites.map((site) => [site.name, "the logits do not depend on it"]));
  if (used.length === 0) return found;
  const trained = differentiate(builder.build(), { loss: LOSS, wrt: used.map(outputOf) });
  const executable = await calibration.backend.compile(trained.graph, { tensors, signal });
  const gradient = (site: Site): string => trained.gradients[outputOf(site)] as string;
  const run = {
    executable,
    inputs: (batch: Batch): Tensors => ({ [graph.inputs[0] as string]: batch.images, [LABELS]: batch.labels }),
    outputs: [...new Set(used.flatMap((site) => [outputOf(site), gradient(site)]))],
  };
  const scores = await averages(run, used, calibration, signal, (site, values, batch) => {
    const [y, dy] = [values[outputOf(site)] as TensorData, values[gradient(site)] as TensorData];
    // the loss is a mean over the batch
    return (from, to) => Math.abs(sum(from, to, (i) => (y[i] as number) * (dy[i] as number))) * batch.count;
  });
  for (const [name, values] of scores) found.set(name, values);
  return found;
}

/** Everything that a value is computed from. */
function upstream(graph: Graph, value: string): Set<string> {
  const producers = producersOf(graph);
  const found = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...Object.values(producers.get(name)?.inputs ?? {}));
  }
  return found;
}

/** Runs all batches and averages each channel's counts over the examples. Ends the executable. */
async function averages(
  { executable, inputs, outputs }: Run,
  sites: readonly Site[],
  { batches }: Calibration,
  signal: AbortSignal | undefined,
  count: Count,
): Promise<Map<string, Float64Array>> {
  const totals = new Map(sites.map((site) => [site.name, new Float64Array(site.channels)]));
  let examples = 0;
  try {
    for await (const batch of batches) {
      if (signal?.aborted) throw new AbortedError("scoring", { cause: signal.reason });
      const values = await executable.run(inputs(batch), { outputs, signal });
      examples += batch.count;
      for (const site of sites) {
        const total = totals.get(site.name) as Float64Array;
        const rows = batch.count * site.channels;
        const size = (values[outputOf(site)] as TensorData).length / rows;
        const of = count(site, values, batch);
        for (let row = 0; row < rows; row++)
          total[row % site.channels] = (total[row % site.channels] as number) + of(row * size, (row + 1) * size);
      }
    }
  } finally {
    executable.dispose();
  }
  if (examples === 0)
    throw new InputError("E_INPUT", "the calibration data gave no batch; a generator can be walked once only: make a new one");
  return new Map([...totals].map(([name, total]) => [name, total.map((number) => number / examples)]));
}

function sum(from: number, to: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += term(i);
  return total;
}
