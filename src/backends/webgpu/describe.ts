/** The dispatches of a graph as plain data: what runs, with which constants and numbers, on which bytes. No device is needed. */
import { BackendError } from "../../errors.ts";
import { bindShape, type Graph, type Node, sizeOf, type Value } from "../../graph/graph.ts";
import { verify } from "../../graph/verify.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import { liveCode } from "./live_code.ts";
import type { GpuFacts, GpuKernelSet } from "./lowering.ts";
import { inHalf } from "./pipelines.ts";
import { type PlannedDispatch, paramsOf, planDispatches } from "./program.ts";
import type { ShaderBinding } from "./shader.ts";
import { elementBytes } from "./slots.ts";

/** What stands behind one binding. */
export interface BoundRange {
  /** The name in the shader. */
  readonly binding: string;
  /** Bytes that belong to the tensor, table or scratch memory; 0 for an optional one that is left out. */
  readonly bytes: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** The value of the graph, where it is one. */
  readonly value?: string;
  /** The numbers of an index table. */
  readonly table?: readonly number[];
}

/** One dispatch as a device would get it: shader, constants, workgroups and bytes bound. */
export interface DispatchDescription {
  readonly node: string;
  readonly op: string;
  /** Multiply-adds of the whole node; all of its dispatches share them. */
  readonly macs: number;
  /** `code`: as the device gets it, without what the constants switch off. */
  readonly shader: { readonly name: string; readonly hash: string; readonly code: string };
  /** Override constants, `has_…` of optional tensors among them. */
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups along x, y and z. */
  readonly grid: readonly [number, number, number];
  /** The bytes of Params, binding 0; empty where the shader has none. */
  readonly params: ArrayBuffer;
  /** Storage bindings 1, 2, … */
  readonly bindings: readonly BoundRange[];
}

/** All dispatches of one run, in order. */
export interface GraphDispatches {
  readonly dispatches: readonly DispatchDescription[];
  /** Nodes that have no shader. */
  readonly unsupported: readonly { readonly node: string; readonly op: string; readonly why: string }[];
}

/** Throws what `verify` throws. */
export function describeDispatches(graph: Graph, set: GpuKernelSet, batch: number, facts: GpuFacts): GraphDispatches {
  verify(graph, set.ops);
  const plan = makePlan(graph, set.ops, batch, graph.outputs);
  const dispatches: DispatchDescription[] = [];
  const unsupported: GraphDispatches["unsupported"][number][] = [];
  for (const planned of plan.nodes) {
    const { node, macs } = planned;
    try {
      const ofNode = planDispatches({ ...plan, nodes: [planned] }, set, facts);
      for (const dispatch of ofNode) {
        const { shader, constants, grid } = dispatch;
        const { name, hash } = shader;
        const bindings = shader.bindings.map((binding) => boundRange(graph, plan, node, dispatch, binding, facts));
        const live = liveCode(shader.code, constants);
        const code = facts.precision === "f16" ? inHalf(live) : live;
        const params = paramsOf(dispatch);
        dispatches.push({ node: node.name, op: node.op, macs, shader: { name, hash, code }, constants, grid, params, bindings });
      }
    } catch (error) {
      if (!(error instanceof BackendError) || error.code !== "E_UNSUPPORTED") throw error;
      unsupported.push({ node: node.name, op: node.op, why: error.message });
    }
  }
  return { dispatches, unsupported };
}

function boundRange(
  graph: Graph,
  plan: Plan,
  node: Node,
  { scratch = {}, alias = {}, tables = {}, step }: PlannedDispatch,
  { name: binding, writes }: ShaderBinding,
  { precision }: GpuFacts,
): BoundRange {
  const source = alias[binding] ?? binding;
  const room = scratch[source];
  if (room !== undefined) return { binding, bytes: 4 * room, reads: !writes, writes };
  const table = tables[source] ?? step.tables[source];
  if (table) return { binding, bytes: 4 * table.length, reads: table.length > 0, writes: false, table };
  const value = step.tensors[source];
  if (value === undefined) return { binding, bytes: 0, reads: false, writes: false };
  const { dtype, shape } = graph.values[value] as Value;
  // what is written is read as well only where the op updates memory in place
  const reads = !writes || Object.values(node.inputs).includes(value);
  return { binding, bytes: sizeOf(bindShape(shape, plan.batch)) * elementBytes(dtype, precision), reads, writes, value };
}
