/** Accuracy and milliseconds of packed networks. */
import { availableParallelism, cpus } from "node:os";
import { costOf, type Model, ops, readModel, Session, writeModel } from "swivel-nn";
import { datasets, measure, optimize, Random } from "swivel-nn/training";
import type { Machine, NetworkFacts, TimeFacts } from "./record.ts";

const BATCH = 50;

export type Network = Omit<Model, "training">;

/** As it ships. */
export const packed = (model: Network): Uint8Array => writeModel({ ...model, ...optimize(model.graph, model.tensors), info: {} });

/** On all test images. */
export async function factsOf(file: Uint8Array, dataset: datasets.Dataset): Promise<NetworkFacts> {
  using session = await Session.load(file, { backend: "wasm" });
  const { graph } = readModel(file);
  const classes = dataset.classNames.length;
  let hits = 0;
  for (const batch of datasets.batches(dataset.test, dataset, { size: Math.min(BATCH, dataset.test.count) })) {
    const { [graph.outputs[0] as string]: logits } = await session.run({ [graph.inputs[0] as string]: batch.images });
    for (let i = 0; i < batch.count; i++) {
      const row = (logits as Float32Array).subarray(i * classes, (i + 1) * classes);
      if (row.indexOf(row.reduce((a, b) => Math.max(a, b))) === batch.labels[i]) hits++;
    }
  }
  const { params, macs } = costOf(graph, ops);
  return { accuracy: hits / dataset.test.count, params, macs, bytes: file.length };
}

/** One image at a time, one thread, in turns. */
export async function timesOf(before: Uint8Array, after: Uint8Array): Promise<TimeFacts> {
  using a = await Session.load(before, { backend: "wasm", threads: 1 });
  using b = await Session.load(after, { backend: "wasm", threads: 1 });
  const { graph } = readModel(before);
  const [image = ""] = graph.inputs;
  const size = (graph.values[image]?.shape ?? []).slice(1).reduce<number>((product, side) => product * (side as number), 1);
  const random = new Random(0);
  const input = { [image]: Float32Array.from({ length: size }, () => random.normal()) };
  const comparison = await measure.compareTimes(
    () => a.run(input),
    () => b.run(input),
  );
  return { ...comparison, machine: thisMachine(), date: today() };
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

export const today = (): string => new Date().toISOString().slice(0, 10);

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown processor",
  cores: availableParallelism(),
  engine: `Node ${process.version}, V8 ${process.versions.v8}`,
  platform: `${process.platform} ${process.arch}`,
});
