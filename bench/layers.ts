/** The layers that other networks are made of, beside onnxruntime-web and TensorFlow.js on the CPU, in turns in Chromium: batch 1, one thread. */
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { judge } from "./cpu/bars.ts";
import { withPages } from "./cpu/browser.ts";
import { type InferenceRecord, peerNames } from "./cpu/inference.ts";
import { rowsOf } from "./cpu/rows.ts";
import { failureLines, inferenceTable, verdictLines } from "./cpu/text.ts";
import { comparedLayers } from "./peers/layers.ts";
import { writeNetworks } from "./site.ts";

/** The budget is for the rounds of one layer. */
const TIMES = { sampleMs: 20, warmMs: 300, budgetMs: 1500 };

/** `times`: in milliseconds. */
export async function benchLayers(args: readonly string[], times = TIMES): Promise<Bench> {
  const options = new Args(args, ["layers", "simd", "peers", "rounds"]);
  const names = options.names("layers", { of: Object.keys(comparedLayers) });
  const simds = options.names("simd", { of: ["relaxed", "baseline"], usual: ["relaxed"] });
  const peers = options.names("peers", { of: peerNames });
  const [rounds] = options.integers("rounds", [], 2);
  const records: InferenceRecord[] = [];
  const browser = await withPages("bench-layers", async ({ folder, browser, run }) => {
    for (const network of await writeNetworks(folder, comparedLayers, names)) {
      const job = { kind: "inference", network, batches: [1], threads: 1, simds, peers, rounds, ...times } as const;
      records.push(...(await run(job)));
    }
    return browser;
  });
  const rows = records.flatMap(rowsOf);
  const verdicts = judge(rows, {});
  const versions = records[0]?.versions ?? {};
  const engines = [...Object.entries(versions).map(([name, version]) => `${name} ${version}`), browser].join(", ");
  const failed = records.flatMap(({ network, failed }) => Object.entries(failed).map(([engine, why]) => ({ network, engine, why })));
  const text = [inferenceTable(rows), ...failureLines(records), "", ...verdictLines(verdicts), engines];
  return { value: { rows, verdicts, failed, versions, browser }, text: text.join("\n") };
}
