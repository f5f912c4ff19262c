/** The end of a graph that is trained or judged: the loss of its logits, and a tally that stays on the device. */
import { GraphError } from "../src/errors.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { type Graph, producersOf, type TensorData } from "../src/graph/graph.ts";
import { trainingOps } from "./ops/index.ts";

/** Names that a graph with a loss has, beside the network's. */
export const LABELS = "labels";
export const LOSS = "loss";
/** State [3]: Σ loss · N, hits, examples since it was last set to zero. */
export const TOTALS = "totals";

/** Appends cross entropy and tally; declares the input `labels` i32 [N]. */
export function addLoss(builder: GraphBuilder, logits: string, labelSmoothing = 0): void {
  const labels = builder.input(LABELS, ["N"], "i32");
  const totals = builder.state(TOTALS, [3]);
  const loss = builder.add("cross_entropy", LOSS, { logits, labels }, { label_smoothing: labelSmoothing });
  builder.add("tally", builder.fresh("tally"), { loss, logits, labels, totals });
}

/** The network with its loss and tally, in inference form. */
export function evaluationGraph(network: Graph): Graph {
  const builder = new GraphBuilder(trainingOps, { ...network, outputs: [] });
  addLoss(builder, logitsOf(network));
  builder.output(LOSS);
  return builder.build();
}

/** The one output of a network that can be trained: logits [N, classes]. Throws GraphError E_GRAPH for others. */
export function logitsOf(network: Graph): string {
  const [output, ...others] = network.outputs;
  const value = network.values[output ?? ""];
  if (!value || others.length > 0) {
    throw new GraphError("E_GRAPH", `the network has ${network.outputs.length} outputs; to have a loss it needs one, the logits`);
  }
  if (value.shape.length !== 2 || value.dtype !== "f32") {
    throw new GraphError(
      "E_GRAPH",
      `output "${value.name}" has shape [${value.shape.join(", ")}]; the loss takes logits [N, classes]: flatten, then add a linear layer`,
    );
  }
  if (producersOf(network).get(value.name)?.op === "softmax") {
    throw new GraphError("E_GRAPH", `output "${value.name}" comes from a softmax; leave it out, the loss takes logits`);
  }
  return value.name;
}

/** Sums over examples; what it started from and adds up in float64. */
export interface Sums {
  readonly loss: number;
  readonly hits: number;
  readonly count: number;
}

export const NO_SUMS: Sums = { loss: 0, hits: 0, count: 0 };

/** The sums plus what a graph's `totals` hold. */
export function addTotals(sums: Sums, totals: TensorData): Sums {
  const [loss = 0, hits = 0, count = 0] = totals;
  return { loss: sums.loss + loss, hits: sums.hits + hits, count: sums.count + count };
}

/** How well a network does on some examples. */
export interface Score {
  /** Mean loss per example. */
  readonly loss: number;
  /** Share of right predictions. */
  readonly accuracy: number;
  /** Examples. */
  readonly count: number;
}

export const scoreOf = ({ loss, hits, count }: Sums): Score => ({ loss: loss / count, accuracy: hits / count, count });
