/** Times and accuracies of two packed models, side by side. */
import { availableParallelism, cpus } from "node:os";
import { SwivelError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { sizeOf } from "../../src/graph/graph.ts";
import { median, ratioInterval } from "../../src/intervals.ts";
import { readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { Session } from "../../src/session.ts";
import { batches, type Dataset } from "../../training/data/index.ts";
import { interleave } from "../../training/measure/interleave.ts";
import { type Evaluation, evaluate } from "../evaluate.ts";
import { messageOf } from "../files.ts";
import type { BackendTiming, LayerFacts, Machine } from "./record.ts";

const ROUNDS = 15;
const SAMPLE_MS = 20;
const PROFILES = 31;

/** One image at a time in one thread, in turns. */
export async function timeBoth(
  dense: Uint8Array,
  packed: Uint8Array,
  dataset: Dataset,
  backend: "wasm" | "webgpu",
  signal: AbortSignal,
): Promise<BackendTiming> {
  const sessions: Session[] = [];
  try {
    for (const file of [dense, packed]) sessions.push(await Session.load(file, { backend, threads: 1 }));
    const [a, b] = sessions as [Session, Session];
    const image = firstImage(dataset);
    const run = (session: Session) => () => session.run({ [session.inputs[0]?.name as string]: image });
    const [denseMs = [], packedMs = []] = await interleave([run(a), run(b)], { rounds: ROUNDS, sampleMs: SAMPLE_MS, signal });
    const { adapter } = a.explain();
    return {
      ...(adapter !== undefined && { adapter }),
      dense: { msPerImage: median(denseMs) },
      packed: { msPerImage: median(packedMs) },
      ratio: ratioInterval(denseMs, packedMs),
    };
  } catch (error) {
    // why, without what an app's author could do about it
    if (error instanceof SwivelError && ["E_UNSUPPORTED", "E_BACKEND", "E_ADAPTER"].includes(error.code))
      return { unavailable: messageOf(error).split("; ")[0] as string };
    throw error;
  } finally {
    for (const session of sessions) session.dispose();
  }
}

function firstImage(dataset: Dataset): Float32Array {
  const [batch] = batches(dataset.test, dataset, { size: 1 });
  return (batch?.images ?? new Float32Array(0)).slice();
}

/** Hits of a packed model on all test images. */
export async function testModel(file: Uint8Array, dataset: Dataset, signal: AbortSignal): Promise<Evaluation> {
  const session = await Session.load(file, { backend: "wasm" });
  try {
    return await evaluate(session, dataset, dataset.test, { batch: 50, signal });
  } finally {
    session.dispose();
  }
}

/** Multiply-adds, bytes and median time of each node, one image at a time. */
export async function layersOf(file: Uint8Array, dataset: Dataset): Promise<LayerFacts[]> {
  const { graph } = readModel(file);
  const cost = costOf(graph, ops);
  const session = await Session.load(file, { backend: "wasm", threads: 1 });
  try {
    const image = firstImage(dataset);
    const times = new Map<string, number[]>();
    for (let i = 0; i < PROFILES; i++) {
      for (const { name, ms } of await session.profile({ [session.inputs[0]?.name as string]: image })) {
        if (i > 0) times.set(name, [...(times.get(name) ?? []), ms]);
      }
    }
    return cost.nodes.map(({ name, macs }) => {
      const node = graph.nodes.find((candidate) => candidate.name === name);
      const weights = Object.values(node?.inputs ?? {}).map((input) => graph.values[input]);
      const bytes = weights.reduce(
        (sum, value) => sum + (value && value.role !== "temp" && value.role !== "input" ? 4 * sizeOf(value.shape as number[]) : 0),
        0,
      );
      const ms = times.get(name);
      return { name, macs, bytes, ...(ms && { ms: median(ms) }) };
    });
  } finally {
    session.dispose();
  }
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    engine: `Node ${process.version}, V8 ${process.versions.v8}`,
    platform: `${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
  };
}
