/**
 * Memory of a plan on WebGPU. A buffer's use is tracked as a whole: within one dispatch it cannot be bound for reading here and for writing there, even
 * in disjoint ranges. So storages of temporaries share buffers (slots) only when their lives do not touch, and inputs can be bound read-only, which
 * lets compilers load them as constants.
 */
import { BackendError } from "../../errors.ts";
import type { DType, Graph } from "../../graph/graph.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Storage } from "../../plan/storage.ts";
import { alignUp } from "./usage.ts";

export interface Slot {
  /** Of its largest storage, for error messages. */
  readonly name: string;
  readonly bytes: number;
}

export interface Slots {
  readonly slots: readonly Slot[];
  /** Storage → index of its slot. */
  readonly of: ReadonlyMap<string, number>;
}

/** Bytes of an element in device memory. */
export const elementBytes = (dtype: DType, precision: "f32" | "f16"): number => (dtype === "f32" && precision === "f16" ? 2 : 4);

/** Largest first, each in the first slot that is free during its whole life. */
export function assignSlots(plan: Plan, graph: Graph, precision: "f32" | "f16"): Slots {
  const bytesOf = ({ name, size }: Storage): number => alignUp(size * elementBytes(graph.values[name]?.dtype ?? "f32", precision));
  const storages = [...plan.storages.values()].filter((storage) => !storage.persistent);
  storages.sort((a, b) => bytesOf(b) - bytesOf(a) || a.first - b.first);
  const slots: (Slot & { tenants: Storage[] })[] = [];
  const of = new Map<string, number>();
  for (const storage of storages) {
    const free = slots.findIndex(({ tenants }) => tenants.every((other) => other.last < storage.first || storage.last < other.first));
    if (free >= 0) slots[free]?.tenants.push(storage);
    else slots.push({ name: storage.name, bytes: bytesOf(storage), tenants: [storage] });
    of.set(storage.name, free >= 0 ? free : slots.length - 1);
  }
  return { slots, of };
}

/** Where a value starts within its buffer, in bytes. Throws BackendError E_UNSUPPORTED for a view that WebGPU cannot bind. */
export function byteOffset(plan: Plan, graph: Graph, name: string, precision: "f32" | "f16"): number {
  const offset = (plan.placements.get(name)?.offset ?? 0) * elementBytes(graph.values[name]?.dtype ?? "f32", precision);
  if (offset !== alignUp(offset)) {
    throw new BackendError(
      "E_UNSUPPORTED",
      `value "${name}" lies ${offset} bytes into its block; WebGPU binds at multiples of 256: align the view`,
    );
  }
  return offset;
}
