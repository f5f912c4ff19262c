/** Parameter blocks: how a kernel's layout becomes 4-byte fields in linear memory. The only place that knows; assembly's structs follow from it. */
import type { KernelLayout } from "../../graph/op.ts";

/** Fields of a block in order: pointers of tensors and tables, the op's numbers, where the weights stand prepared, and the bytes of scratch that each worker has. */
export function blockFields(layout: KernelLayout): (readonly [name: string, type: "usize" | "i32" | "f32"])[] {
  const fields: (readonly [string, "usize" | "i32" | "f32"])[] = [
    ...[...layout.tensors, ...layout.tables].map((name) => [name, "usize"] as const),
    ...Object.entries(layout.slots),
    ["prepared", "usize"] as const,
    ["scratch_bytes", "i32"] as const,
  ];
  const names = new Set(fields.map(([name]) => name));
  if (names.size !== fields.length) throw new Error(`kernel ${layout.name}: two fields of its block have the same name`);
  return fields;
}
