/** Another build of Swivel beside this one, in turns in Chromium: what a change of a kernel is worth. Batch 1. */
import { cpSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "swivel-nn";
import { measure } from "swivel-nn/training";
import { root } from "../tools/entries.ts";
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { withPages } from "./cpu/browser.ts";
import { milliseconds } from "./cpu/text.ts";
import { comparedLayers } from "./peers/layers.ts";
import { cpuNetworks } from "./peers/networks.ts";
import { writeNetworks } from "./site.ts";
import { columns } from "./table.ts";

const ROUNDS = 100;
const TIMES = { sampleMs: 15, warmMs: 600 };

export interface BuildRow {
  readonly network: string;
  readonly ms: number;
  readonly otherMs: number;
  /** otherMs / ms, pair by pair, with its 95 % interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** `--other`: the folder of a repository that is built. Models are written by this one, and both must read them. `times`: in milliseconds. */
export async function benchBuilds(args: readonly string[], times = TIMES): Promise<Bench> {
  const options = new Args(args, ["other", "networks", "threads", "simd", "rounds"]);
  const other = resolve(options.text("other"));
  if (!existsSync(join(other, "dist", "index.js")))
    throw new InputError("E_OPTION", `--other ${other} has no dist/index.js; give the folder of a repository, after npm run build`);
  const all = { ...cpuNetworks, ...comparedLayers };
  const names = options.names("networks", { of: Object.keys(all), usual: Object.keys(cpuNetworks) });
  const [threads = 1] = options.integers("threads", [1]);
  const [simd = "relaxed"] = options.names("simd", { of: ["relaxed", "baseline"] as const, usual: ["relaxed"] });
  const [rounds = ROUNDS] = options.integers("rounds", [ROUNDS], 2);
  const rows: BuildRow[] = [];
  const browser = await withPages("bench-builds", async ({ folder, browser, run }) => {
    for (const [name, from] of Object.entries({ this: root, other }))
      cpSync(join(from, "dist"), join(folder, "builds", name), { recursive: true });
    const [first, second] = ["builds/this/index.js", "builds/other/index.js"] as const;
    for (const network of await writeNetworks(folder, all, names)) {
      // who comes first, and where an engine puts its code, is worth up to a fiftieth: each goes first in a page of its own
      const job = { kind: "sessions", networks: [network], threads, simd, rounds: Math.ceil(rounds / 2), ...times } as const;
      const [own = [], others = []] = await run({ ...job, builds: [first, second] });
      const [others2 = [], own2 = []] = await run({ ...job, builds: [second, first] });
      const [ms, otherMs] = [
        [...own, ...own2],
        [...others, ...others2],
      ];
      const { value: ratio, low, high } = measure.ratioInterval(otherMs, ms);
      rows.push({ network: network.name, ms: measure.median(ms), otherMs: measure.median(otherMs), ratio, low, high });
    }
    return browser;
  });
  const lines = rows.map(({ network, ms, otherMs, ratio, low, high }) => [
    ...[network, milliseconds(ms), milliseconds(otherMs)],
    ...[`${ratio.toFixed(3)}×`, `${low.toFixed(3)} to ${high.toFixed(3)}`],
  ]);
  const text = [
    columns([["network", "ms", "other ms", "factor", "95 %"], ...lines], 1),
    `batch 1, ${threads} ${threads === 1 ? "thread" : "threads"}, ${simd} SIMD, ${rounds} rounds; ${browser}`,
  ];
  return { value: { simd, threads, browser, rows }, text: text.join("\n") };
}
