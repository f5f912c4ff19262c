/** Weights in the form that kernels read them: which ones stay as they are between runs, and where they stand. */
import { ALIGNMENT } from "../../plan/memory.ts";
import type { Plan, PlannedNode } from "../../plan/plan.ts";
import { type KernelSet, kernelFor, type Prepared } from "./lowering.ts";

export interface PreparedWeights {
  /** Node → offset in bytes. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly bytes: number;
}

/** Places the prepared weights of all nodes whose weights no run changes. The same for every batch. */
export function placePrepared(plan: Plan, set: KernelSet): PreparedWeights {
  const offsets = new Map<string, number>();
  let bytes = 0;
  for (const planned of plan.nodes) {
    if (planned.steps.length === 0) continue;
    const { prepared } = kernelFor(set, planned.def, planned.io).kernel;
    if (!prepared || weightsChange(plan, planned, prepared)) continue;
    offsets.set(planned.node.name, bytes);
    bytes += Math.ceil(prepared.bytes(planned.io) / ALIGNMENT) * ALIGNMENT;
  }
  return { offsets, bytes };
}

const written = new WeakMap<Plan, ReadonlySet<string>>();

/** True where a node of the plan computes or updates the weights. */
export function weightsChange(plan: Plan, { node }: PlannedNode, { from }: Prepared): boolean {
  const storageOf = (value: string): string => plan.placements.get(value)?.storage ?? value;
  let outputs = written.get(plan);
  if (!outputs) {
    outputs = new Set(plan.nodes.flatMap((planned) => Object.values(planned.node.outputs).map(storageOf)));
    written.set(plan, outputs);
  }
  const storage = storageOf(node.inputs[from] as string);
  return outputs.has(storage) || !plan.persistent.offsets.has(storage);
}
