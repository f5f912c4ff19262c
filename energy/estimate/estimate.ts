/**
 * An estimate of what one inference takes, layer by layer: multiply-adds and the bytes that the backend's kernels read and write, times published energies.
 * Each tensor is taken to cross once from the level of memory that holds all that the network touches; what kernels read twice, registers, clocks and
 * leakage are not in it. It compares networks on paper and says nothing about a device.
 */
import { costOf } from "../../src/graph/cost.ts";
import { type Graph, sizeOf, type Tensors } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { optimize } from "../../src/passes/index.ts";
import { ENERGY_TABLES, type EnergyTable, type MemoryLevel } from "./table.ts";

/** What the estimate assumes. */
export interface EstimateOptions {
  /** Whose kernels' bytes are counted; wasm unless given. */
  readonly backend?: "wasm" | "webgpu";
  readonly table?: EnergyTable;
}

/** One node's share. */
export interface NodeEstimate {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Joules of arithmetic. */
  readonly compute: number;
  /** Joules of moving bytes. */
  readonly memory: { readonly low: number; readonly high: number };
}

/** What a network's arithmetic and memory would take by a published table: an estimate, never a measurement. */
export interface Estimate {
  readonly kind: "estimate";
  readonly source: string;
  readonly backend: "wasm" | "webgpu";
  /** Where the network's tensors are taken to lie, and how many bytes they are. */
  readonly level: string;
  readonly workingBytes: number;
  readonly nodes: readonly NodeEstimate[];
  /** Joules per inference. */
  readonly low: number;
  readonly high: number;
}

const PICO = 1e-12;

interface Moved {
  readonly node: string;
  readonly read: number;
  readonly written: number;
}

/** For one example, of the graph as it runs: optimized first, like every model that is loaded. Throws what `optimize` throws. */
export async function estimateEnergy(
  model: { readonly graph: Graph; readonly tensors: Tensors },
  options: EstimateOptions = {},
): Promise<Estimate> {
  const { backend = "wasm", table = ENERGY_TABLES.horowitz2014 } = options;
  const { graph } = optimize(model.graph, model.tensors);
  const moved = backend === "wasm" ? movedByKernels(graph) : await movedByDispatches(graph);
  const workingBytes = Object.values(graph.values).reduce((sum, { shape }) => sum + bytesOf(shape), 0);
  const level = table.memory.find(({ upToBytes }) => workingBytes <= upToBytes) as MemoryLevel;
  const nodes = costOf(graph, ops).nodes.map(({ name, op, macs }): NodeEstimate => {
    const { read, written } = moved
      .filter(({ node }) => node === name)
      .reduce((sum, one) => ({ read: sum.read + one.read, written: sum.written + one.written }), { read: 0, written: 0 });
    const accesses = (read + written) / table.accessBytes;
    return {
      ...{ name, op, macs, bytesRead: read, bytesWritten: written },
      compute: PICO * macs * (table.multiply + table.add),
      memory: { low: PICO * accesses * level.low, high: PICO * accesses * level.high },
    };
  });
  const total = (bound: "low" | "high"): number => nodes.reduce((sum, { compute, memory }) => sum + compute + memory[bound], 0);
  return {
    kind: "estimate",
    source: table.source,
    backend,
    level: level.name,
    workingBytes,
    nodes,
    low: total("low"),
    high: total("high"),
  };
}

const bytesOf = (shape: Graph["values"][string]["shape"]): number => 4 * sizeOf(shape.map((dim) => (dim === "N" ? 1 : dim)));

/** Tensors that each kernel reads and writes; one that only renames memory moves nothing. */
function movedByKernels(graph: Graph): Moved[] {
  const sum = (names: readonly string[]): number =>
    [...new Set(names)].reduce((bytes, name) => bytes + bytesOf(graph.values[name]?.shape ?? []), 0);
  return graph.nodes.map(({ name, op, inputs, outputs }) => {
    const def = ops[op as keyof typeof ops];
    if (Object.keys(def.shares).length > 0) return { node: name, read: 0, written: 0 };
    return { node: name, read: sum(Object.values(inputs)), written: sum(Object.values(outputs)) };
  });
}

/** What each dispatch binds; a tensor that is bound twice counts once. */
async function movedByDispatches(graph: Graph): Promise<Moved[]> {
  const { describeDispatches } = await import("../../src/backends/webgpu/describe.ts");
  const { inferenceGpuKernels } = await import("../../src/backends/webgpu/lowering.ts");
  const { MAX_WORKGROUPS } = await import("../../src/backends/webgpu/grid.ts");
  const { dispatches } = describeDispatches(graph, inferenceGpuKernels, 1, {
    precision: "f32",
    subgroups: false,
    maxWorkgroups: MAX_WORKGROUPS,
  });
  return dispatches.map(({ node, bindings }) => {
    const bytes = (use: "reads" | "writes"): number => {
      const used = new Map(bindings.filter((binding) => binding[use]).map((one) => [one.value ?? one.binding, one.bytes]));
      return [...used.values()].reduce((sum, size) => sum + size, 0);
    };
    return { node, read: bytes("reads"), written: bytes("writes") };
  });
}
