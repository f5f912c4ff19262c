/** A model file as a workload: a session, fed with images one after the other, over and over. */
import { costOf } from "../../src/graph/cost.ts";
import { sizeOf } from "../../src/graph/graph.ts";
import { type Model, readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import type { SessionOptions } from "../../src/options.ts";
import { Random } from "../../src/random.ts";
import { Session } from "../../src/session.ts";
import { topK } from "../../src/top_k.ts";
import type { ArmName } from "../record.ts";
import type { Contender, Workload } from "./run.ts";

/** What the networks are given. */
export interface Feed {
  readonly name?: string;
  readonly images: readonly Float32Array[];
  /** Missing where inputs are random numbers. */
  readonly labels?: readonly number[];
}

/** A model file and its name. */
export interface NetworkFile {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const RANDOM_INPUTS = 16;

export const inputShapeOf = ({ graph }: Model): number[] => (graph.values[graph.inputs[0] ?? ""]?.shape.slice(1) ?? []) as number[];

/** Normal numbers of the model's size, where there are no images. */
export function randomFeed(model: Model): Feed {
  const random = new Random("inputs");
  const size = sizeOf(inputShapeOf(model));
  return { images: Array.from({ length: RANDOM_INPUTS }, () => Float32Array.from({ length: size }, () => random.normal())) };
}

/** Loading throws what `Session.load` throws. */
export function contenderOf(arm: ArmName, file: NetworkFile, feed: Feed, options: SessionOptions): Contender {
  return { arm, load: async () => workloadOf(await Session.load(file.bytes.slice(), options), file, feed) };
}

function workloadOf(session: Session, { name, bytes }: NetworkFile, { images, labels }: Feed): Workload {
  const input = session.inputs[0]?.name as string;
  const output = session.outputs[0]?.name as string;
  const { params, macs } = costOf(readModel(bytes).graph, ops);
  const hits = new Array<string>(images.length).fill("-");
  return {
    async run(index) {
      const at = index % images.length;
      const { [output]: logits } = await session.run({ [input]: images[at] as Float32Array });
      if (labels && hits[at] === "-") hits[at] = topK(logits as Float32Array, 1)[0]?.index === labels[at] ? "1" : "0";
    },
    facts() {
      const { backend, threads, simd, adapter, precision } = session.explain();
      const where = { backend, threads, ...(simd && { simd }), ...(adapter && { adapter }), ...(precision && { precision }) };
      return { model: name, bytes: bytes.length, params, macs, ...where, ...(labels && { hits: hits.join("") }) };
    },
    dispose: () => session.dispose(),
  };
}
