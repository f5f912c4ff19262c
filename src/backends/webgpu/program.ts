/** Turns a plan into dispatches that only need to be recorded: pipelines, bind groups, and the buffers that belong to this batch size. */
import { BackendError } from "../../errors.ts";
import { bindShape, type Graph, sizeOf } from "../../graph/graph.ts";
import type { Step } from "../../graph/op.ts";
import type { Plan, PlannedNode } from "../../plan/plan.ts";
import type { DeviceMemory } from "./device_memory.ts";
import type { Dispatch, GpuFacts, GpuKernelSet } from "./lowering.ts";
import type { Pipeline, Pipelines } from "./pipelines.ts";
import { assignSlots, byteOffset, elementBytes } from "./slots.ts";
import { alignUp, OFFSET_ALIGNMENT, USAGE } from "./usage.ts";

/** A dispatch with the constants and numbers that it gets; what `planDispatches` finds and machine-code tools read. */
export interface PlannedDispatch extends Dispatch {
  readonly step: Step;
  /** Index of its node in the plan. */
  readonly node: number;
  readonly constants: Readonly<Record<string, number>>;
}

export interface Program {
  readonly plan: Plan;
  readonly dispatches: readonly RecordedDispatch[];
  /** Bytes of temporaries and scratch. */
  readonly bytes: number;
  /** The buffer and byte offset of a value. */
  locate(name: string): { readonly buffer: GPUBuffer; readonly offset: number };
  dispose(): void;
}

export interface RecordedDispatch {
  readonly node: number;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number, number];
}

/** The dispatches of a plan. Throws BackendError E_UNSUPPORTED for an op that has no shader, naming it. */
export function planDispatches(plan: Plan, set: GpuKernelSet, facts: GpuFacts): PlannedDispatch[] {
  return plan.nodes.flatMap((planned, node) =>
    planned.steps.flatMap((step) =>
      lower(planned, step, set, facts).map((dispatch) => ({ ...dispatch, step, node, constants: constantsOf(dispatch, step) })),
    ),
  );
}

function lower({ node, io }: PlannedNode, step: Step, set: GpuKernelSet, facts: GpuFacts): readonly Dispatch[] {
  const lowering = set.lowerings[node.op];
  if (typeof lowering !== "function") {
    throw new BackendError(
      "E_UNSUPPORTED",
      `${node.op} "${node.name}" does not run on WebGPU: ${lowering?.unsupported ?? "this build has no shader for it"}; take the backend wasm`,
    );
  }
  return lowering({ io, step, gpu: facts });
}

/** The dispatch's own constants, and for each optional tensor or table whether it is there. */
function constantsOf({ shader, constants = {}, alias = {}, tables = {} }: Dispatch, step: Step): Record<string, number> {
  const present: Record<string, number> = {};
  for (const override of shader.overrides) {
    if (!override.startsWith("has_")) continue;
    const name = override.slice("has_".length);
    const tensor = alias[name] ?? name;
    present[override] = step.tensors[tensor] !== undefined || ((tables[tensor] ?? step.tables[tensor])?.length ?? 0) > 0 ? 1 : 0;
  }
  return { ...present, ...constants };
}

/** The bytes of Params: numbers of the dispatch, else slots of the op, by name. */
export function paramsOf({ shader, numbers = {}, step }: PlannedDispatch): ArrayBuffer {
  const bytes = new ArrayBuffer(alignUp(4 * shader.params.length, 16));
  const view = new DataView(bytes);
  shader.params.forEach(([name, type], i) => {
    const value = numbers[name] ?? step.slots[name];
    if (value === undefined)
      throw new BackendError("E_BACKEND", `the shader ${shader.name} asks for "${name}", which neither op nor lowering gives`);
    if (type === "f32") view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
  return bytes;
}

/** Bytes that a binding of `elements` covers: whole vec4s, so that shaders may bind it as such. */
const bindingBytes = (elements: number, bytes: number): number => alignUp(elements * bytes, 16);

/** Everything of one plan on the device. `persistent` holds params and state. */
export class ProgramBuilder {
  readonly #plan: Plan;
  readonly #graph: Graph;
  readonly #memory: DeviceMemory;
  readonly #precision: "f32" | "f16";
  readonly #persistent: ReadonlyMap<string, GPUBuffer>;

  constructor(plan: Plan, graph: Graph, memory: DeviceMemory, precision: "f32" | "f16", persistent: ReadonlyMap<string, GPUBuffer>) {
    this.#plan = plan;
    this.#graph = graph;
    this.#memory = memory;
    this.#precision = precision;
    this.#persistent = persistent;
  }

  /** Allocates, uploads, and waits for the pipelines, which compile at the same time. Leaves nothing behind where it throws. */
  async build(
    dispatches: readonly PlannedDispatch[],
    pipelines: Pipelines,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Program> {
    const { slots, of } = assignSlots(this.#plan, this.#graph, this.#precision);
    const scratch = scratchBytes(dispatches);
    const storage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    const tables = packTables(dispatches);
    const params = packParams(dispatches);
    const buffers = this.#memory.group();
    try {
      const compiled = compileAll(dispatches, pipelines, onProgress);
      // an error below must not leave a rejection that nobody hears
      compiled.catch(() => {});
      const [slotBuffers, scratchBuffers, tableBuffer, paramBuffer, absent] = await Promise.all([
        Promise.all(slots.map(({ name, bytes }) => buffers.create(`value "${name}"`, bytes, storage))),
        Promise.all(
          [...scratch].map(
            async ([name, bytes]) => [name, await buffers.create(`scratch memory "${name}"`, bytes, USAGE.STORAGE)] as const,
          ),
        ),
        buffers.create("index tables", Math.max(OFFSET_ALIGNMENT, tables.bytes.byteLength), USAGE.STORAGE | USAGE.COPY_DST),
        buffers.create("parameters", Math.max(OFFSET_ALIGNMENT, params.byteLength), USAGE.UNIFORM | USAGE.COPY_DST),
        this.#absent(buffers),
      ]);
      buffers.write(tableBuffer, tables.bytes);
      buffers.write(paramBuffer, params);
      const locate = (name: string) => {
        const owner = this.#plan.placements.get(name)?.storage ?? name;
        const slot = of.get(owner);
        const buffer = slot === undefined ? this.#persistent.get(owner) : slotBuffers[slot];
        if (!buffer) throw new BackendError("E_BACKEND", `value "${name}" has no memory`);
        return { buffer, offset: byteOffset(this.#plan, this.#graph, name, this.#precision) };
      };
      const scratchOf = new Map(scratchBuffers);
      const ready = await compiled;
      const recorded = dispatches.map((dispatch, i): RecordedDispatch => {
        const { pipeline, layout } = ready[i] as Pipeline;
        const resources = dispatch.shader.bindings.map(({ name, writes }, binding): GPUBufferBinding => {
          const source = dispatch.alias?.[name] ?? name;
          const elements = dispatch.scratch?.[source];
          if (elements !== undefined) return { buffer: scratchOf.get(source) as GPUBuffer, size: bindingBytes(elements, 4) };
          const table = tables.places.get((dispatch.tables?.[source] ?? dispatch.step.tables[source]) as readonly number[]);
          if (table) return { buffer: tableBuffer, ...table };
          const value = dispatch.step.tensors[source];
          // an output that is left out needs a range of its own: ranges that are written must not overlap
          if (value === undefined)
            return { buffer: writes ? absent.written : absent.read, offset: binding * OFFSET_ALIGNMENT, size: OFFSET_ALIGNMENT };
          return { ...locate(value), size: this.#bytesOf(value) };
        });
        const uniform: GPUBindGroupEntry[] =
          dispatch.shader.params.length > 0
            ? [{ binding: 0, resource: { buffer: paramBuffer, offset: i * OFFSET_ALIGNMENT, size: paramsOf(dispatch).byteLength } }]
            : [];
        const storages = resources.map((resource, binding): GPUBindGroupEntry => ({ binding: binding + 1, resource }));
        const name = this.#plan.nodes[dispatch.node]?.node.name ?? "";
        const group = this.#memory.device.createBindGroup({
          label: `${dispatch.shader.name} "${name}"`,
          layout,
          entries: [...uniform, ...storages],
        });
        return { node: dispatch.node, pipeline, group, grid: dispatch.grid };
      });
      const bytes = [...slots.map((slot) => slot.bytes), ...scratch.values()].reduce((sum, size) => sum + size, 0);
      return { plan: this.#plan, dispatches: recorded, bytes, locate, dispose: () => buffers.destroy() };
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  #bytesOf(value: string): number {
    const { dtype, shape } = this.#graph.values[value] as Graph["values"][string];
    return bindingBytes(sizeOf(bindShape(shape, this.#plan.batch)), elementBytes(dtype, this.#precision));
  }

  /** What stands in for optional tensors: one buffer where they would be read, one where they would be written. */
  async #absent(buffers: ReturnType<DeviceMemory["group"]>): Promise<{ read: GPUBuffer; written: GPUBuffer }> {
    const bytes = 8 * OFFSET_ALIGNMENT;
    const [read, written] = await Promise.all([
      buffers.create("absent inputs", bytes, USAGE.STORAGE),
      buffers.create("absent outputs", bytes, USAGE.STORAGE),
    ]);
    return { read, written };
  }
}

/** Asks for all at once, so that the driver can compile them in parallel. */
async function compileAll(
  dispatches: readonly PlannedDispatch[],
  pipelines: Pipelines,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<Pipeline[]> {
  let done = 0;
  return Promise.all(
    dispatches.map(async ({ shader, constants }) => {
      const pipeline = await pipelines.get(shader, constants);
      onProgress?.(++done, dispatches.length);
      return pipeline;
    }),
  );
}

/** Scratch memory by name: as much as the dispatch that needs most. Nodes follow one another, so they share it. */
function scratchBytes(dispatches: readonly PlannedDispatch[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { scratch = {} } of dispatches) {
    for (const [name, elements] of Object.entries(scratch)) bytes.set(name, Math.max(bytes.get(name) ?? 0, alignUp(4 * elements)));
  }
  return bytes;
}

/** All index tables one after another, each where it can be bound. */
function packTables(dispatches: readonly PlannedDispatch[]) {
  const places = new Map<readonly number[], { offset: number; size: number }>();
  let end = 0;
  for (const { shader, step, tables: own = {}, alias = {} } of dispatches) {
    for (const { name } of shader.bindings) {
      const table = own[alias[name] ?? name] ?? step.tables[alias[name] ?? name] ?? [];
      if (table.length === 0 || places.has(table)) continue;
      places.set(table, { offset: end, size: bindingBytes(table.length, 4) });
      end = alignUp(end + 4 * table.length);
    }
  }
  const bytes = new ArrayBuffer(end);
  for (const [table, { offset }] of places) new Int32Array(bytes, offset, table.length).set(table);
  return { places, bytes };
}

function packParams(dispatches: readonly PlannedDispatch[]): ArrayBuffer {
  const bytes = new Uint8Array(dispatches.length * OFFSET_ALIGNMENT);
  dispatches.forEach((dispatch, i) => {
    bytes.set(new Uint8Array(paramsOf(dispatch)), i * OFFSET_ALIGNMENT);
  });
  return bytes.buffer;
}
