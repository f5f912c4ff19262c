/** A plan: where each value lives for one batch size, and the steps to run. Backends turn it into programs or dispatches. */
import type { Graph, Node } from "../graph/graph.ts";
import { bindNode } from "../graph/io.ts";
import type { BoundIo, OpDef, OpTable, Step } from "../graph/op.ts";
import { opOf } from "../graph/verify.ts";
import { type Arena, placeApart, placeInArena } from "./memory.ts";
import { type Placement, type Storage, storages } from "./storage.ts";

export interface PlannedNode {
  readonly node: Node;
  readonly def: OpDef;
  readonly io: BoundIo<unknown>;
  readonly steps: readonly Step[];
  readonly macs: number;
}

export interface Plan {
  readonly batch: number;
  readonly nodes: readonly PlannedNode[];
  readonly placements: ReadonlyMap<string, Placement>;
  readonly storages: ReadonlyMap<string, Storage>;
  /** Storages of params and state. The same for every batch. */
  readonly persistent: Arena;
  /** Storages of inputs and temporaries. */
  readonly arena: Arena;
  /** Multiply-adds of one run. */
  readonly macs: number;
}

/** `keep`: values to be read after the run. */
export function makePlan(graph: Graph, table: OpTable, batch: number, keep: readonly string[]): Plan {
  const { storages: all, placements } = storages(graph, table, batch, keep);
  const nodes = graph.nodes.map((node): PlannedNode => {
    const def = opOf(node, table);
    const io = bindNode(graph, node, def, batch);
    return { node, def, io, steps: def.steps(io), macs: def.macs(io) };
  });
  return {
    batch,
    nodes,
    placements,
    storages: all,
    persistent: placeApart([...all.values()].filter((storage) => storage.persistent)),
    arena: placeInArena([...all.values()].filter((storage) => !storage.persistent)),
    macs: nodes.reduce((sum, node) => sum + node.macs, 0),
  };
}
