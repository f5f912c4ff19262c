/** Last touches on a built network, graph to graph. */
import { InputError } from "../src/errors.ts";
import { type Graph, readersOf } from "../src/graph/graph.ts";

/** The graph without the nodes and values that its outputs do not depend on: branches that were never joined. */
export function dropDead(graph: Graph): Graph {
  const live = new Set([...graph.outputs, ...graph.inputs]);
  const nodes = [...graph.nodes].reverse().filter((node) => {
    const wanted = Object.values(node.outputs).some((name) => live.has(name));
    if (wanted) for (const name of [...Object.values(node.inputs), ...Object.values(node.outputs)]) live.add(name);
    return wanted;
  });
  return { ...graph, values: Object.fromEntries(Object.entries(graph.values).filter(([name]) => live.has(name))), nodes: nodes.reverse() };
}

/** Leaves out those biases of `candidates` whose layer feeds a batch norm and nothing else: its mean would take them away again. */
export function dropIdleBiases(graph: Graph, candidates: ReadonlySet<string>): Graph {
  const readers = readersOf(graph);
  const idle = new Set<string>();
  const nodes = graph.nodes.map((node) => {
    const { bias, ...inputs } = node.inputs;
    if (bias === undefined || !candidates.has(bias)) return node;
    const output = node.outputs.y as string;
    const next = readers.get(output) ?? [];
    if (graph.outputs.includes(output) || next.length === 0 || next.some((reader) => reader.op !== "batch_norm")) return node;
    idle.add(bias);
    return { ...node, inputs };
  });
  const values = Object.fromEntries(Object.entries(graph.values).filter(([name]) => !idle.has(name)));
  return { ...graph, values, nodes };
}

/** Calls the only output `logits`, or `probabilities` where a softmax makes it. */
export function renameOutput(graph: Graph): Graph {
  const [from] = graph.outputs as [string];
  const isSoftmax = graph.nodes.some((node) => node.op === "softmax" && node.outputs.y === from);
  const to = isSoftmax ? "probabilities" : "logits";
  if (to !== from && Object.hasOwn(graph.values, to)) {
    throw new InputError("E_OPTION", `a layer before the last is called "${to}", which is the name of the output; call it otherwise`);
  }
  const rename = (name: string): string => (name === from ? to : name);
  const slots = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(names).map(([slot, name]) => [slot, rename(name)]));
  return {
    values: Object.fromEntries(Object.values(graph.values).map((value) => [rename(value.name), { ...value, name: rename(value.name) }])),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: slots(node.inputs), outputs: slots(node.outputs) })),
    inputs: graph.inputs,
    outputs: [to],
  };
}
