/** Networks: made for a data set, packed for shipping, judged on test pictures. */
import { costOf, type Model, ops, readModel, Session, writeModel } from "swivel-nn";
import { type Dataset, datasets, models, optimize, prune, Random, type Split } from "swivel-nn/training";
import type { Layer, NetworkFacts } from "../shared/messages.ts";
import type { Settings } from "../shared/settings.ts";

/** The key of `Model.info` under which files carry the page's settings. */
export const SETTINGS_INFO = "settings";

/** A network before its first step. Throws InputError or ShapeError where the pictures do not suit it. */
export function newModel(settings: Settings, dataset: Dataset): Model {
  const { channels, height, width, mean, std, classNames } = dataset;
  const { activation, network, seed } = settings;
  const { graph, init } = models.createModel(network, { activation, input: { channels, height, width }, classes: classNames.length });
  const order = channels === 1 ? "gray" : "RGB";
  return {
    graph,
    tensors: init(new Random(seed)),
    preprocess: { width, height, channels: channels as 1 | 3, order, mean, std },
    classNames,
    info: { architecture: network, activation, data: dataset.name, [SETTINGS_INFO]: JSON.stringify(settings) },
  };
}

/** The file that ships: slopes and batch norms folded, training state left behind. */
export function pack(model: Model): Uint8Array<ArrayBuffer> {
  const { training: _, ...rest } = model;
  return writeModel({ ...rest, ...optimize(model.graph, model.tensors) });
}

/** A session in this very worker, in one thread, so that times compare. */
export function openSession(file: Uint8Array, backend: "wasm" | "webgpu"): Promise<Session> {
  return Session.load(file, { backend, worker: false, threads: 1 });
}

/** Every activation with its slopes; 1 for those that are not rotated. */
export function layersOf(graph: Model["graph"], tensors: Readonly<Record<string, ArrayLike<number>>>): Layer[] {
  return prune.sitesOf(graph).map(({ name, channels, slope }) => ({
    name,
    values: slope === undefined ? new Array<number>(channels).fill(1) : Array.from(tensors[slope] ?? new Array<number>(channels).fill(1)),
  }));
}

export function factsOf(file: Uint8Array, accuracy: number): NetworkFacts {
  const { params, macs } = costOf(readModel(file).graph, ops);
  return { accuracy, params, macs, bytes: file.length };
}

/** 1 for each picture of the split that the session gets right. */
export async function hitsOf(session: Session, dataset: Dataset, split: Split): Promise<Uint8Array> {
  const [input = "image"] = session.inputs.map(({ name }) => name);
  const [output = "logits"] = session.outputs.map(({ name }) => name);
  const hits = new Uint8Array(split.count);
  let done = 0;
  for (const batch of datasets.batches(split, dataset, { size: 50 })) {
    const { [output]: logits } = await session.run({ [input]: batch.images });
    const classes = dataset.classNames.length;
    for (let i = 0; i < batch.count; i++) {
      const row = (logits as Float32Array).subarray(i * classes, (i + 1) * classes);
      hits[done + i] = row.indexOf(Math.max(...row)) === batch.labels[i] ? 1 : 0;
    }
    done += batch.count;
  }
  return hits;
}

export const shareOf = (hits: Uint8Array): number => hits.reduce((sum, hit) => sum + hit, 0) / Math.max(1, hits.length);
