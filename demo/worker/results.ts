/** What the page shows of packed networks: accuracies on the test pictures, sizes, and times. */
import { type Model, readModel } from "swivel-nn";
import { type Dataset, measure } from "swivel-nn/training";
import type { Results } from "../shared/messages.ts";
import { type Pair, sampleImage, timeBoth } from "./compare.ts";
import { machine } from "./machine.ts";
import { factsOf, hitsOf, openSession, shareOf } from "./network.ts";
import type { Work } from "./work.ts";

/** What is measured, and told, before times are. */
type Measured = Omit<Results, "timings" | "machine" | "seconds">;

/** The network after the cut beside the one before it. */
export async function judgeBoth({ packed, dense }: Required<Pair>, dataset: Dataset, work: Work): Promise<Measured> {
  const { curve, threshold } = work;
  const hits = { packed: await testHits(packed, dataset), dense: await testHits(dense, dataset) };
  const facts = { packed: factsOf(packed, shareOf(hits.packed)), dense: factsOf(dense, shareOf(hits.dense)) };
  const saved = (key: "params" | "macs" | "bytes"): number => 1 - facts.packed[key] / facts.dense[key];
  const point = curve?.points.filter((one) => one.threshold <= (threshold ?? 0) + 1e-12).at(-1);
  return {
    data: dataset.name,
    classNames: dataset.classNames,
    tested: dataset.test.count,
    ...facts,
    saved: { params: saved("params"), macs: saved("macs"), bytes: saved("bytes") },
    difference: measure.pairedDifference(hits.packed, hits.dense),
    ...(curve && point && { alive: point.alive, channels: curve.channels }),
    ...(threshold !== undefined && { threshold }),
  };
}

/** A network that was brought: with nothing to compare it with but its data, where that is known. */
export async function judgeAlone(packed: Uint8Array, model: Model, dataset: Dataset | undefined): Promise<Measured> {
  const fits = dataset !== undefined && sameShape(model, dataset);
  const accuracy = fits ? shareOf(await testHits(packed, dataset)) : Number.NaN;
  return {
    data: fits ? dataset.name : "unknown",
    classNames: model.classNames ?? [],
    tested: fits ? dataset.test.count : 0,
    packed: factsOf(packed, accuracy),
  };
}

/** Times on both backends, and the machine that they are of. */
export async function timesOf(pair: Pair, dataset: Dataset | undefined): Promise<Pick<Results, "timings" | "machine">> {
  const { preprocess } = readModel(pair.packed);
  const numbers = preprocess ? preprocess.channels * preprocess.height * preprocess.width : 0;
  const image = sampleImage(dataset, numbers);
  const sound = image.length === numbers ? image : new Float32Array(numbers);
  const timings = { wasm: await timeBoth(pair, "wasm", sound), webgpu: await timeBoth(pair, "webgpu", sound) };
  return { timings, machine: machine() };
}

async function testHits(file: Uint8Array, dataset: Dataset): Promise<Uint8Array> {
  const session = await openSession(file, "wasm");
  try {
    return await hitsOf(session, dataset, dataset.test);
  } finally {
    session.dispose();
  }
}

function sameShape({ preprocess, classNames }: Model, dataset: Dataset): boolean {
  const { channels, height, width } = preprocess ?? {};
  const same = channels === dataset.channels && height === dataset.height && width === dataset.width;
  return same && classNames?.join("\n") === dataset.classNames.join("\n");
}
