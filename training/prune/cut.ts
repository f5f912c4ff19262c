/** Cutting: a network and the channels that survive → the smaller network that computes what the masked one computes. */
import { GraphError } from "../../src/errors.ts";
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { type Network, networkOf, rounded } from "../../src/passes/network.ts";
import { unfused } from "../../src/passes/split.ts";
import { CutWriter, channelRange } from "./cut_writer.ts";
import { livenessOf } from "./liveness.ts";
import { rebuild } from "./rebuild.ts";
import { type CutReport, reportOf } from "./report.ts";
import { deadChannels, type Survivors } from "./survivors.ts";
import { channelCount, wiringOf } from "./wiring.ts";

/**
 * Cuts every channel that did not survive, and all that then depends on nothing or that nothing needs. What the graph computes is exactly what
 * `mask(graph, tensors, survivors)` computes; constants fold in float64 and round once. Channels whose slope is 0 need not be named: they are
 * dead already. The result is an ordinary graph with its batch norms, to fine-tune or to cut again; values that keep their meaning keep
 * their names. Where readers want different channels of one value there are gather and scatter nodes.
 *
 * Throws InputError E_INPUT for survivors or tensors that do not fit, GraphError for a graph that does not hold together or whose batch is fixed.
 */
export function cut(graph: Graph, tensors: Tensors, survivors: Survivors = {}): { graph: Graph; tensors: Tensors; report: CutReport } {
  const small = cutExact({ graph, tensors }, survivors);
  const plain = unfused(networkOf(graph, tensors)).graph;
  return { graph: small.graph, tensors: rounded(small.tensors), report: reportOf(graph, plain, small.graph, survivors) };
}

/** The same without rounding: what was computed stays float64. */
export function cutExact({ graph, tensors }: Network, survivors: Survivors): Network {
  verify(graph, ops);
  const dead = deadChannels(graph, survivors);
  for (const name of graph.inputs) {
    const batch = graph.values[name]?.shape[0];
    if (batch !== "N" && batch !== 1)
      throw new GraphError("E_GRAPH", `input "${name}" has a batch of ${batch}; cut the graph with its batch free ("N")`);
  }
  const network = unfused(networkOf(graph, tensors));
  const wiring = wiringOf(network);
  const liveness = livenessOf(wiring, dead);
  const writer = new CutWriter(network, liveness.constants);
  for (const wire of wiring.wires) rebuild(writer, wire, liveness);
  for (const name of network.graph.outputs) writer.rewriter.outputs.push(writeOutput(writer, name));
  return writer.rewriter.finish();
}

/** A graph's output: all its channels, in order, under its name. */
function writeOutput(writer: CutWriter, name: string): string {
  const { graph, rewriter } = writer;
  const { role, shape } = graph.values[name] as Graph["values"][string];
  if (role === "input") return name;
  if (role === "param" || role === "state") return writer.slice(name, []);
  const target = { node: rewriter.fresh(`${name}.output`), value: name };
  const written = writer.read(name, channelRange(channelCount(graph, name)), target);
  if (written === name) return name;
  // the same numbers are stored under another name already
  return rewriter.append({ op: "reshape", name: target.node, inputs: { x: written }, attrs: { shape: shape.slice(1) as number[] } }, name);
}
