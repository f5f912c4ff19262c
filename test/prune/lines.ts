/** Graphs as lines of text, so that a test can state a whole graph: `output[shape] = op(values[shape]) parameters[shape] attributes`. */
import type { Graph, Shape } from "../../src/graph/graph.ts";

/** Parameters; those of a batch norm that are as long as its gamma say nothing new. */
const PARAMETERS = ["w", "bias", "slope", "gamma"];
const SILENT = ["beta", "mean", "var"];
const ATTRIBUTES = ["groups", "gather", "scatter", "shortcut", "index", "channels", "shape", "activation"];

export function lines(graph: Graph): string[] {
  const show = (name: string): string => `${name}${shown(graph.values[name]?.shape ?? [])}`;
  return graph.nodes.map(({ op, inputs, outputs, attrs }) => {
    const slots = Object.keys(inputs).filter((slot) => !SILENT.includes(slot));
    const data = slots.filter((slot) => !PARAMETERS.includes(slot)).map((slot) => show(inputs[slot] as string));
    const params = slots
      .filter((slot) => PARAMETERS.includes(slot))
      .map((slot) => `${slot}${shown(graph.values[inputs[slot] as string]?.shape ?? [])}`);
    const more = ATTRIBUTES.filter((name) => attrs[name] !== undefined && !(name === "groups" && attrs.groups === 1)).map(
      (name) => `${name}=${attrs[name]}`,
    );
    return [`${show(outputs.y as string)} = ${op}(${data.join(", ")})`, ...params, ...more].join(" ");
  });
}

/** Without the free batch. */
const shown = (shape: Shape): string => `[${(shape[0] === "N" ? shape.slice(1) : shape).join(",")}]`;
