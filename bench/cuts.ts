/** What published cuts save in time, beside what they save in multiply-adds: whole and cut networks in turns, in Chromium, batch 1, one thread. */
import { measure, prune } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { build, type Published, published, survivorsOf } from "./counting/cuts.ts";
import { Args } from "./cpu/args.ts";
import { withPages } from "./cpu/browser.ts";
import { milliseconds } from "./cpu/text.ts";
import { packed } from "./networks.ts";
import type { ServedNetwork } from "./peers/networks.ts";
import { writeModels } from "./site.ts";
import { columns } from "./table.ts";

/** Share of the time saved, over the share of multiply-adds saved. The interval's lower end must meet it. */
const BAR = 0.85;
const USUAL = ["resnet56/cifar10", "resnet56/cifar100", "wrn-40-4/cifar10", "wrn-40-4/cifar100", "resnet164-pre/a", "resnet164-pre/b", "resnet164-pre/c"]; // biome-ignore format: one line
const ROUNDS = 160;

export interface CutRow {
  readonly network: string;
  /** Fractions of the packed networks' multiply-adds and of the time, the latter with its 95 % interval. */
  readonly macsSaved: number;
  readonly timeSaved: number;
  readonly low: number;
  readonly high: number;
  readonly ms: { readonly whole: number; readonly cut: number };
  readonly meets: boolean;
}

export async function benchCuts(args: readonly string[]): Promise<Bench> {
  const options = new Args(args, ["networks", "rounds", "simd"]);
  const names = options.names("networks", { of: Object.keys(published), usual: USUAL });
  const [rounds = ROUNDS] = options.integers("rounds", [ROUNDS], 2);
  const [simd = "relaxed"] = options.names("simd", { of: ["relaxed", "baseline"] as const, usual: ["relaxed"] });
  const { rows, browser } = await withPages("bench-cuts", async ({ folder, browser, run }) => {
    const rows: CutRow[] = [];
    for (const [i, name] of names.entries()) {
      const facts = published[name] as Published;
      const built = build(name, facts);
      const cut = prune.cut(built.graph, built.tensors, survivorsOf(built, facts.alive));
      const models = [packed(built), packed(cut)];
      const networks = writeModels(folder, models.map((model, j) => ({ name: `${i}-${j}`, title: name, model }))); // biome-ignore format: one line
      const [whole = [], small = []] = await run({ kind: "sessions", networks, simd, rounds, sampleMs: 10, warmMs: 400 });
      rows.push(cutRow(name, networks, whole, small));
    }
    return { rows, browser };
  });
  const head = ["network", "whole ms", "cut ms", "MACs saved", "time saved", "95 %", "of its share", ""];
  const lines = rows.map(({ network, ms, macsSaved, timeSaved, low, high, meets }) => [
    ...[
      network,
      milliseconds(ms.whole),
      milliseconds(ms.cut),
      percent(macsSaved),
      percent(timeSaved),
      `${percent(low)} to ${percent(high)}`,
    ],
    ...[(timeSaved / macsSaved).toFixed(2), meets ? "✓" : "✗"],
  ]);
  const met = rows.filter(({ meets }) => meets).length;
  const text = [
    columns([head, ...lines], 1),
    `at least ${BAR} of the share of multiply-adds: ${met} of ${rows.length}; ${simd} SIMD, ${browser}`,
  ];
  return { value: { bar: BAR, simd, browser, rows }, text: text.join("\n") };
}

export function cutRow(
  network: string,
  [before, after]: readonly ServedNetwork[],
  whole: readonly number[],
  cut: readonly number[],
): CutRow {
  const ratio = measure.ratioInterval(cut, whole);
  const macsSaved = 1 - (after as ServedNetwork).macs / (before as ServedNetwork).macs;
  const [timeSaved, low, high] = [1 - ratio.value, 1 - ratio.high, 1 - ratio.low];
  const ms = { whole: measure.median(whole), cut: measure.median(cut) };
  return { network, macsSaved, timeSaved, low, high, ms, meets: low >= BAR * macsSaved };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
