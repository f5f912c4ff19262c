/**
 * What a multiply-add of a 3×3 convolution costs at every width, beside the nearest multiple of 16: chains of convolutions as wide as they are deep, so that
 * the call itself does not count, in turns with the multiple's, in Chromium, batch 1, one thread.
 */
import { measure, Net, Random } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { withPages } from "./cpu/browser.ts";
import { packed } from "./networks.ts";
import { writeModels } from "./site.ts";
import { columns } from "./table.ts";

const FROM = 3;
const TO = 67;
const SIZES = [32, 8];
/** Convolutions in a chain: a run should take many times what a call does. */
const depthOf = (size: number): number => (size < 16 ? 48 : 12);
/** Cost of a multiply-add relative to that of the nearest multiple of 16. */
const BAR = 1.3;
const ROUNDS = 120;

export interface WidthRow {
  readonly width: number;
  readonly size: number;
  /** Milliseconds of one multiply-add. */
  readonly msPerMac: number;
  /** The nearest multiple of 16, of two the cheaper; and the cost of a multiply-add relative to it, with its 95 % interval. */
  readonly multiple: number;
  readonly cost: number;
  readonly low: number;
  readonly high: number;
  readonly meets: boolean;
}

/** Two where the width lies in the middle. */
export function nearestMultiples(width: number): number[] {
  const below = Math.max(16, 16 * Math.floor(width / 16));
  const above = Math.max(16, 16 * Math.ceil(width / 16));
  if (width - below === above - width) return [...new Set([below, above])];
  return [width - below < above - width ? below : above];
}

export async function benchWidths(args: readonly string[]): Promise<Bench> {
  const options = new Args(args, ["widths", "sizes", "rounds", "simd"]);
  const widths = options.integers(
    "widths",
    Array.from({ length: TO - FROM + 1 }, (_, i) => FROM + i),
  );
  const sizes = options.integers("sizes", SIZES);
  const [rounds = ROUNDS] = options.integers("rounds", [ROUNDS], 2);
  const [simd = "relaxed"] = options.names("simd", { of: ["relaxed", "baseline"] as const, usual: ["relaxed"] });
  const multiples = [...new Set(widths.flatMap(nearestMultiples))];
  const rows: WidthRow[] = [];
  const browser = await withPages("bench-widths", async ({ folder, browser, run }) => {
    for (const size of sizes) {
      for (const multiple of multiples) {
        const group = [multiple, ...widths.filter((width) => width !== multiple && nearestMultiples(width).includes(multiple))];
        const title = (width: number) => `3×3, ${width} channels, ${size}×${size}`;
        const models = group.map((width) => ({ name: `w${width}-${size}`, title: title(width), model: chain(width, size) }));
        const networks = writeModels(folder, models);
        const times = await run({ kind: "sessions", networks, simd, rounds, sampleMs: 4, warmMs: 150 });
        const perMac = times.map((list, i) => list.map((ms) => ms / (networks[i]?.macs as number)));
        group.forEach((width, i) => {
          if (widths.includes(width)) rows.push(widthRow(width, size, multiple, perMac[i] as number[], perMac[0] as number[]));
        });
      }
    }
    return browser;
  });
  const worst = worstOfEach(rows);
  return { value: { bar: BAR, simd, browser, rows: worst }, text: textOf(worst, sizes, `${simd} SIMD, ${browser}`) };
}

export function widthRow(width: number, size: number, multiple: number, perMac: readonly number[], base: readonly number[]): WidthRow {
  const { value: cost, low, high } = width === multiple ? { value: 1, low: 1, high: 1 } : measure.ratioInterval(perMac, base);
  return { width, size, msPerMac: measure.median(perMac), multiple, cost, low, high, meets: high <= BAR };
}

/** Of widths between two multiples the comparison that is worse for them. */
function worstOfEach(rows: readonly WidthRow[]): WidthRow[] {
  const worst = new Map<string, WidthRow>();
  for (const row of rows) {
    const key = `${row.size} ${row.width}`;
    if ((worst.get(key)?.cost ?? 0) < row.cost) worst.set(key, row);
  }
  return [...worst.values()].sort((a, b) => b.size - a.size || a.width - b.width);
}

/** Activations between, so that no two can become one. */
function chain(width: number, size: number) {
  const net = new Net({ channels: width, height: size, width: size });
  for (let i = 0; i < depthOf(size); i++) net.conv(width, 3, { padding: 1 }).relu();
  const { graph, init } = net.build();
  return packed({ graph, tensors: init(new Random(width)) });
}

function textOf(rows: readonly WidthRow[], sizes: readonly number[], place: string): string {
  const head = ["width", ...sizes.flatMap((size) => [`${size}×${size}: ps/MAC`, "cost", "95 %", ""])];
  const widths = [...new Set(rows.map(({ width }) => width))];
  const lines = widths.map((width) => [
    String(width),
    ...sizes.flatMap((size) => {
      const { msPerMac, cost, low, high, meets } = rows.find((row) => row.width === width && row.size === size) as WidthRow;
      return [
        (1e9 * msPerMac).toFixed(1),
        cost.toFixed(2),
        width % 16 === 0 ? "" : `${low.toFixed(2)} to ${high.toFixed(2)}`,
        meets ? "✓" : "✗",
      ];
    }),
  ]);
  const met = rows.filter(({ meets }) => meets).length;
  return [columns([head, ...lines]), `at most ${BAR} of the nearest multiple of 16: ${met} of ${rows.length}; ${place}`].join("\n");
}
