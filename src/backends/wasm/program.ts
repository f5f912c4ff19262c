/** Turns a plan into a program: the bytes that the module walks, ready to be copied to a fixed address. */
import { BackendError } from "../../errors.ts";
import type { Step } from "../../graph/op.ts";
import { ALIGNMENT } from "../../plan/memory.ts";
import type { Plan, PlannedNode } from "../../plan/plan.ts";
import { blockFields } from "./blocks.ts";
import { entriesOf, type KernelSet, kernelFor, preparer } from "./lowering.ts";
import { type PreparedWeights, weightsChange } from "./prepared.ts";

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export interface Program {
  /** Pairs of (opcode, pointer), parameter blocks and tables; placed at `base`. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Steps 0 … first − 1 prepare weights that no run changes; they need to run when such weights have been written. */
  readonly first: number;
  /** All steps. */
  readonly steps: number;
  /** Step → index of its node in the plan, and name of the function that is called. */
  readonly nodeOf: readonly number[];
  readonly entries: readonly string[];
  readonly scratch: number;
  /** Bytes of scratch per worker. */
  readonly scratchStride: number;
  /** Address of the arena. */
  readonly arena: number;
  /** One past the last byte that the program uses. */
  readonly end: number;
  /** Address of a value. */
  addressOf(value: string): number;
}

/** Where everything stands that is the same for all plans, and how many workers need scratch memory. */
export interface ProgramPlace {
  /** Where the image will stand. */
  readonly base: number;
  /** Address of the persistent arena. */
  readonly persistent: number;
  /** Address of the prepared weights, and their places from there. */
  readonly prepared: number;
  readonly weights: PreparedWeights;
  readonly workers: number;
}

/** A function of the module, applied to a call's block. */
interface Turn {
  readonly entry: string;
  readonly call: number;
}

export function encodeProgram(plan: Plan, set: KernelSet, place: ProgramPlace): Program {
  const { base, persistent, weights, workers } = place;
  const opcodes = new Map(entriesOf(set).map(({ name }, opcode) => [name, opcode]));
  const calls = plan.nodes.flatMap((planned, node) => {
    if (planned.steps.length === 0) return [];
    const { name, kernel } = kernelFor(set, planned.def, planned.io);
    const scratch = align(kernel.scratch?.(planned.io) ?? 0);
    // weights that change are prepared right before they are used, all in one place
    const changing = kernel.prepared && weightsChange(plan, planned, kernel.prepared) ? align(kernel.prepared.bytes(planned.io)) : 0;
    return planned.steps.map((step) => ({ planned, step, node, name, kernel, scratch, changing }));
  });
  const turns: Turn[] = [];
  calls.forEach(({ name, kernel, changing }, call) => {
    if (kernel.prepared && changing === 0) turns.push({ entry: preparer(name), call });
  });
  const first = turns.length;
  calls.forEach(({ name, changing }, call) => {
    if (changing > 0) turns.push({ entry: preparer(name), call });
    turns.push({ entry: name, call });
  });

  // sizes first, since blocks hold addresses of what comes after them
  let bytes = align(8 * turns.length);
  const blocks = calls.map(({ planned, step }) => {
    const block = bytes;
    bytes += 4 * blockFields(planned.def.kernel).length;
    const tables = planned.def.kernel.tables.map((name) => {
      const table = bytes;
      const length = step.tables[name]?.length ?? 0;
      bytes += 4 * length;
      return length === 0 ? undefined : table;
    });
    return { block, tables };
  });
  const scratch = align(base + bytes);
  const scratchStride = Math.max(0, ...calls.map((call) => call.scratch));
  const changing = scratch + workers * scratchStride;
  const arena = changing + Math.max(0, ...calls.map((call) => call.changing));

  const addressOf = (value: string): number => {
    const placement = plan.placements.get(value);
    const inArena = placement && plan.arena.offsets.get(placement.storage);
    const kept = placement && plan.persistent.offsets.get(placement.storage);
    if (!placement || (inArena === undefined && kept === undefined)) throw new BackendError("E_BACKEND", `value "${value}" has no memory`);
    return (inArena === undefined ? persistent + (kept as number) : arena + inArena) + 4 * placement.offset;
  };

  const image = new Uint8Array(bytes);
  const view = new DataView(image.buffer);
  turns.forEach(({ entry, call }, i) => {
    view.setInt32(8 * i, opcodes.get(entry) as number, true);
    view.setUint32(8 * i + 4, base + (blocks[call] as (typeof blocks)[number]).block, true);
  });
  calls.forEach(({ planned, step, kernel, scratch: scratchBytes, changing: changes }, i) => {
    const { block, tables } = blocks[i] as (typeof blocks)[number];
    const kept = place.prepared + (weights.offsets.get(planned.node.name) ?? 0);
    writeBlock(view, block, planned, step, {
      // like a tensor that is left out, a table without entries is address 0
      tables: tables.map((table) => (table === undefined ? 0 : base + table)),
      prepared: kernel.prepared ? (changes > 0 ? changing : kept) : 0,
      scratchBytes,
      addressOf,
    });
    planned.def.kernel.tables.forEach((name, t) => {
      step.tables[name]?.forEach((entry, k) => {
        view.setInt32((tables[t] as number) + 4 * k, entry, true);
      });
    });
  });
  return {
    image,
    first,
    steps: turns.length,
    nodeOf: turns.map(({ call }) => (calls[call] as (typeof calls)[number]).node),
    entries: turns.map(({ entry }) => entry),
    scratch,
    scratchStride,
    arena,
    end: arena + plan.arena.bytes,
    addressOf,
  };
}

interface BlockValues {
  readonly tables: readonly number[];
  readonly prepared: number;
  readonly scratchBytes: number;
  addressOf(value: string): number;
}

function writeBlock(view: DataView, at: number, { def }: PlannedNode, step: Step, values: BlockValues): void {
  const { kernel } = def;
  blockFields(kernel).forEach(([name, type], k) => {
    const offset = at + 4 * k;
    const table = kernel.tables.indexOf(name);
    if (kernel.tensors.includes(name)) {
      const value = step.tensors[name];
      view.setUint32(offset, value === undefined ? 0 : values.addressOf(value), true);
    } else if (table >= 0) view.setUint32(offset, values.tables[table] as number, true);
    else if (name === "prepared") view.setUint32(offset, values.prepared, true);
    else if (name === "scratch_bytes") view.setInt32(offset, values.scratchBytes, true);
    else if (type === "f32") view.setFloat32(offset, step.slots[name] as number, true);
    else view.setInt32(offset, step.slots[name] as number, true);
  });
}
