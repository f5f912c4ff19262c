/** Which values lie in the same memory, for `verify`: nobody may read what a node has overwritten, or write over what another still needs. */
import { GraphError } from "../errors.ts";
import { type Graph, type Node, sizeOf, type Value } from "./graph.ts";
import type { OpDef } from "./op.ts";

/** Elements `from` to `to` − 1 of the memory of an input, a parameter, a block or a temporary. */
interface Range {
  readonly of: string;
  readonly from: number;
  readonly to: number;
}

const overlap = (a: Range, b: Range): boolean => a.of === b.of && a.from < b.to && b.from < a.to;

function ownRange(value: Value): Range {
  if (!value.view) return { of: value.name, from: 0, to: Number.POSITIVE_INFINITY };
  return { of: value.view.of, from: value.view.offset, to: value.view.offset + sizeOf(value.shape as number[]) };
}

/** Throws where a node would write a view that overlaps another view: one of both would lose its data. */
export function checkViews(graph: Graph): void {
  const views = Object.values(graph.values)
    .filter((value) => value.view)
    .map((value) => ({ value, range: ownRange(value) }))
    .sort((a, b) => a.range.from - b.range.from);
  /** The view of each block that reaches furthest so far. */
  const furthest = new Map<string, (typeof views)[number]>();
  for (const view of views) {
    const before = furthest.get(view.range.of);
    if (before && overlap(before.range, view.range) && (before.value.role === "temp" || view.value.role === "temp")) {
      throw new GraphError(
        "E_GRAPH",
        `values "${before.value.name}" and "${view.value.name}" overlap in "${view.range.of}"; give each a range of its own`,
      );
    }
    if (!before || view.range.to > before.range.to) furthest.set(view.range.of, view);
  }
}

/** Follows shared memory and updates in place through a graph, node by node. */
export class Memory {
  readonly #graph: Graph;
  /** Ranges of outputs that share an input's memory. */
  readonly #shared = new Map<string, Range>();
  /** Every update so far, with the values that hold its result: its output and what shares memory with that. */
  readonly #updates: { readonly range: Range; readonly node: Node; readonly current: Set<string> }[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  #rangeOf(name: string): Range {
    return this.#shared.get(name) ?? ownRange(this.#graph.values[name] as Value);
  }

  /** Throws if a node before this one has updated what `name` stands for. */
  read(node: Node, slot: string, name: string): void {
    const range = this.#rangeOf(name);
    const by = this.#updates.find((update) => overlap(update.range, range) && !update.current.has(name));
    if (by) {
      throw new GraphError(
        "E_GRAPH",
        `${node.op} "${node.name}": ${slot} reads "${name}" after "${by.node.name}" has updated it; read its output instead`,
      );
    }
  }

  /** Takes note of the outputs that share memory with an input, once the node has been read and written. */
  share(node: Node, def: OpDef): void {
    for (const [slot, from] of Object.entries(def.shares)) {
      const output = node.outputs[slot];
      const input = node.inputs[from];
      if (output === undefined || input === undefined) continue;
      const range = this.#rangeOf(input);
      if (this.#graph.values[output]?.view) {
        throw new GraphError(
          "E_GRAPH",
          `${node.op} "${node.name}": "${output}" shares the memory of "${input}" and cannot be a view of other memory too; drop its view`,
        );
      }
      if (def.updates) this.#checkAlone(node, from, range);
      for (const update of this.#updates) if (update.current.has(input)) update.current.add(output);
      this.#shared.set(output, range);
    }
    if (!def.updates) return;
    for (const slot of Object.keys(def.shares)) {
      const output = node.outputs[slot];
      if (output !== undefined) this.#updates.push({ range: this.#rangeOf(output), node, current: new Set([output]) });
    }
  }

  /** An update in place may not see the memory through another of its slots. */
  #checkAlone(node: Node, updated: string, range: Range): void {
    const other = Object.entries(node.inputs).find(([slot, name]) => slot !== updated && overlap(this.#rangeOf(name), range));
    if (other) {
      throw new GraphError(
        "E_GRAPH",
        `${node.op} "${node.name}": ${updated} is updated in place, but ${other[0]} "${other[1]}" lies in the same memory; give it other memory`,
      );
    }
  }
}
