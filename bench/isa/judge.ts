/** What is asked of the machine code (the bars of docs/benchmarks.md), and which rows it is asked of. */
import type { IsaRow } from "./row.ts";

export const bars = { fmaPerValu: 0.85, fmaPerLoad: 8, fmaShare: 0.55, spilled: 0, cost13: 1.15 } as const;

export interface JudgedRow extends IsaRow {
  /** Multiply-adds that the layer needs / (instructions · lanes) that it issues: idle lanes and padded tiles count as work. null for minor dispatches. */
  readonly usefulShare: number | null;
  /** Whether the bars for arithmetic apply; that for spills applies to every row. */
  readonly judged: boolean;
  /** Instructions per multiply-add, relative to the same layer with 16 channels in place of its own. Of layers with other widths beside one with 16. */
  readonly costOf16: number | null;
  /** Names of the bars that it misses. */
  readonly misses: readonly string[];
}

const KERNELS = /^(conv2d|linear)(_dx|_dw)?$/;

/** Convolutions of 1×1 and 3×3 of 16 channels and more on both sides, and matrix products of 64 and more on every side. */
function isJudged({ op, shape, fmaShare, note }: IsaRow, main: boolean): boolean {
  if (!KERNELS.test(op) || !main || (fmaShare === null && note === undefined)) return false;
  const dims = (slot: string) => (new RegExp(`\\b${slot}\\[([\\d,]+)\\]`).exec(shape)?.[1] ?? "").split(",").map(Number);
  const [[n = 0], [rows = 0, columns = 0, ...window]] = [dims("x"), dims("w")];
  if (window.length === 0) return Math.min(n, rows, columns) >= 64;
  return Math.min(rows, columns) >= 16 && ["1,1", "3,3"].includes(window.join());
}

/** The shape with `16` wherever it has the width of a layer as wide as it is deep; undefined for other layers. */
function beside16(shape: string): { readonly width: number; readonly of16: string } | undefined {
  const [, width, columns] = /\bw\[(\d+),(\d+)/.exec(shape) ?? [];
  if (width === undefined || width !== columns || width === "16") return undefined;
  const of16 = shape.replace(/\bw\[\d+,\d+/, "w[16,16").replace(new RegExp(`\\bx\\[(\\d+),${width}\\b`), "x[$1,16");
  return { width: Number(width), of16 };
}

/** `rows`: each with the multiply-adds of its layer. A layer of several dispatches is judged by the one with most instructions. */
export function judge(rows: readonly (IsaRow & { readonly macs: number })[]): JudgedRow[] {
  const key = ({ op, shape, gpu }: Pick<IsaRow, "op" | "shape" | "gpu">) => JSON.stringify([op, shape, gpu]);
  /** Instructions of all lanes for one multiply-add, and the dispatch with most of them. */
  const layers = new Map<string, { cost: number | null; main: IsaRow }>();
  for (const row of rows) {
    const before = layers.get(key(row));
    const more = row.instructions === null ? null : (row.instructions * row.lanes) / row.macs;
    const cost = before ? (before.cost === null || more === null ? null : before.cost + more) : more;
    const main = before && (before.main.instructions ?? Number.POSITIVE_INFINITY) >= (row.instructions ?? 0) ? before.main : row;
    layers.set(key(row), { cost, main });
  }
  return rows.map((given) => {
    const { macs: _, ...row } = given;
    const layer = layers.get(key(row));
    const main = layer?.main === given;
    // of a layer with several dispatches, all of them
    const usefulShare = main && layer?.cost ? 1 / layer.cost : null;
    const other = beside16(row.shape);
    const cost16 = other && layers.get(key({ ...row, shape: other.of16 }))?.cost;
    const costOf16 = main && layer?.cost && cost16 ? layer.cost / cost16 : null;
    const judged = isJudged(row, main);
    const misses = [
      ...(row.spilled > bars.spilled ? ["spilled"] : []),
      ...(judged && row.note !== undefined ? ["fmaShare"] : []),
      ...(judged ? (["fmaPerValu", "fmaPerLoad", "fmaShare"] as const).filter((name) => row[name] !== null && row[name] < bars[name]) : []),
      ...(costOf16 !== null && other?.width === 13 && costOf16 > bars.cost13 ? ["costOf16"] : []),
    ];
    return { ...row, usefulShare, judged, costOf16, misses };
  });
}
