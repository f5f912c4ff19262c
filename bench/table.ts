/** Tables for people: columns as wide as their widest cell; the first `left` of them, and one without a head, hold words, the others numbers. */
export function columns(rows: readonly (readonly string[])[], left = 0): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i < left || rows[0]?.[i] === "" ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** Thousands apart, as in 1,234,567. */
export const count = (value: number): string => value.toLocaleString("en-US");
