/** Turns a plan into a program: the bytes that the module walks, ready to be copied to a fixed address. */
import { BackendError } from "../../errors.ts";
import type { Step } from "../../graph/op.ts";
import { ALIGNMENT } from "../../plan/memory.ts";
import type { Plan, PlannedNode } from "../../plan/plan.ts";
import { blockFields } from "./blocks.ts";
import { type KernelSet, kernelNames } from "./lowering.ts";

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export interface Program {
  /** Pairs of (opcode, pointer), parameter blocks and tables; placed at `base`. */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly steps: number;
  /** Step → index of its node in the plan. */
  readonly nodeOf: readonly number[];
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

/** `base`: where the image will stand; `persistent`: address of the persistent arena; `workers`: how many need scratch memory. */
export function encodeProgram(plan: Plan, set: KernelSet, base: number, persistent: number, workers: number): Program {
  const opcodes = new Map(kernelNames(set).map((name, opcode) => [name, opcode]));
  const calls = plan.nodes.flatMap((planned, node) =>
    planned.steps.map((step) => ({ planned, step, node, scratch: scratchOf(planned, set) })),
  );

  // sizes first, since blocks hold addresses of what comes after them
  let bytes = align(8 * calls.length);
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
  const scratchStride = align(Math.max(0, ...calls.map((call) => call.scratch)));
  const arena = scratch + workers * scratchStride;

  const addressOf = (value: string): number => {
    const placement = plan.placements.get(value);
    const inArena = placement && plan.arena.offsets.get(placement.storage);
    const kept = placement && plan.persistent.offsets.get(placement.storage);
    if (!placement || (inArena === undefined && kept === undefined)) throw new BackendError("E_BACKEND", `value "${value}" has no memory`);
    return (inArena === undefined ? persistent + (kept as number) : arena + inArena) + 4 * placement.offset;
  };

  const image = new Uint8Array(bytes);
  const view = new DataView(image.buffer);
  calls.forEach(({ planned, step, scratch: scratchBytes }, i) => {
    const { block, tables } = blocks[i] as (typeof blocks)[number];
    view.setInt32(8 * i, opcodes.get(planned.def.kernel.name) as number, true);
    view.setUint32(8 * i + 4, base + block, true);
    writeBlock(
      view,
      block,
      planned,
      step,
      // like a tensor that is left out, a table without entries is address 0
      tables.map((table) => (table === undefined ? 0 : base + table)),
      scratchBytes,
      addressOf,
    );
    planned.def.kernel.tables.forEach((name, t) => {
      step.tables[name]?.forEach((entry, k) => {
        view.setInt32((tables[t] as number) + 4 * k, entry, true);
      });
    });
  });
  return {
    image,
    steps: calls.length,
    nodeOf: calls.map((call) => call.node),
    scratch,
    scratchStride,
    arena,
    end: arena + plan.arena.bytes,
    addressOf,
  };
}

function scratchOf(planned: PlannedNode, set: KernelSet): number {
  const lowering = set.lowerings[planned.node.op];
  if (!lowering || "unsupported" in lowering) {
    throw new BackendError(
      "E_UNSUPPORTED",
      `${planned.node.op} "${planned.node.name}" does not run on Wasm: ${lowering?.unsupported ?? "this build has no kernel for it"}`,
    );
  }
  return align(lowering.scratch?.(planned.io) ?? 0);
}

function writeBlock(
  view: DataView,
  at: number,
  planned: PlannedNode,
  step: Step,
  tables: readonly number[],
  scratchBytes: number,
  addressOf: (value: string) => number,
): void {
  const { kernel } = planned.def;
  blockFields(kernel).forEach(([name, type], k) => {
    const offset = at + 4 * k;
    const table = kernel.tables.indexOf(name);
    if (kernel.tensors.includes(name)) {
      const value = step.tensors[name];
      view.setUint32(offset, value === undefined ? 0 : addressOf(value), true);
    } else if (table >= 0) view.setUint32(offset, tables[table] as number, true);
    else if (name === "scratch_bytes") view.setInt32(offset, scratchBytes, true);
    else if (type === "f32") view.setFloat32(offset, step.slots[name] as number, true);
    else view.setInt32(offset, step.slots[name] as number, true);
  });
}
