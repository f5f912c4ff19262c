/** Which values share memory, how large each piece is, and between which nodes it is in use. */
import { bindShape, type Graph, sizeOf } from "../graph/graph.ts";
import type { OpTable } from "../graph/op.ts";
import { opOf } from "../graph/verify.ts";

/** A piece of memory that one or more values live in. */
export interface Storage {
  /** The value that owns it: a block, a parameter, an input, or the first value written into it. */
  readonly name: string;
  /** Persistent memory belongs to `param` and `state`; the rest is planned anew for each batch and reused between nodes. */
  readonly persistent: boolean;
  /** Elements (of 4 bytes). */
  readonly size: number;
  /** Index of the first and the last node that needs it; −1: before the first node, nodes.length: after the last. */
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  readonly storage: string;
  /** Elements from the start of the storage. */
  readonly offset: number;
}

/** Where every value lives. `keep`: values that must survive the run because they are read back. */
export function storages(
  graph: Graph,
  table: OpTable,
  batch: number,
  keep: readonly string[],
): { storages: Map<string, Storage>; placements: Map<string, Placement> } {
  const placements = new Map<string, Placement>();
  for (const value of Object.values(graph.values)) {
    placements.set(value.name, value.view ? { storage: value.view.of, offset: value.view.offset } : { storage: value.name, offset: 0 });
  }
  for (const node of graph.nodes) {
    const { shares } = opOf(node, table);
    for (const [output, input] of Object.entries(shares)) {
      const to = node.outputs[output];
      const from = node.inputs[input];
      if (to !== undefined && from !== undefined) placements.set(to, placements.get(from) as Placement);
    }
  }

  const used = new Map<string, { first: number; last: number }>();
  const touch = (name: string, at: number): void => {
    const { storage } = placements.get(name) as Placement;
    const span = used.get(storage);
    if (!span) used.set(storage, { first: at, last: at });
    else span.last = Math.max(span.last, at);
  };
  for (const name of graph.inputs) touch(name, -1);
  graph.nodes.forEach((node, i) => {
    for (const name of [...Object.values(node.inputs), ...Object.values(node.outputs)]) touch(name, i);
  });
  for (const name of keep) touch(name, graph.nodes.length);

  const list = new Map<string, Storage>();
  const owners = new Set([...placements.values()].map((placement) => placement.storage));
  for (const name of owners) {
    const value = graph.values[name];
    if (!value) continue;
    const persistent = value.role === "param" || value.role === "state";
    const span = used.get(name) ?? { first: 0, last: 0 };
    list.set(name, { name, persistent, size: sizeOf(bindShape(value.shape, batch)), ...span });
  }
  return { storages: list, placements };
}
