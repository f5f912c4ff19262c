/**
 * Swivel, onnxruntime-web and TensorFlow.js on the CPU, interleaved in a cross-origin isolated page of Chromium, with the register-only loop of multiply-adds in
 * the same turns.
 */
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { judge } from "./cpu/bars.ts";
import { withPages } from "./cpu/browser.ts";
import { type InferenceRecord, peerNames } from "./cpu/inference.ts";
import { peaksOf, rowsOf } from "./cpu/rows.ts";
import { failureLines, inferenceTable, peakLine, verdictLines } from "./cpu/text.ts";
import { cpuNetworks } from "./peers/networks.ts";
import { writeNetworks } from "./site.ts";

/** The budget is for the rounds of one network, batch and number of threads. */
const TIMES = { sampleMs: 40, warmMs: 800, budgetMs: 16000 };

/** `times`: in milliseconds. */
export async function benchCpu(args: readonly string[], times = TIMES): Promise<Bench> {
  const options = new Args(args, ["networks", "batch", "threads", "simd", "peers", "rounds", "place"]);
  const names = options.names("networks", { of: Object.keys(cpuNetworks) });
  const batches = options.integers("batch", [1, 16]);
  const threads = options.integers("threads", [1, 2]);
  const simds = options.names("simd", { of: ["relaxed", "baseline"] });
  const peers = options.names("peers", { of: peerNames });
  const [rounds] = options.integers("rounds", [], 2);
  const [place = "worker"] = options.names("place", { of: ["worker", "window"], usual: ["worker"] });

  const records: InferenceRecord[] = [];
  const { macs, browser } = await withPages("bench-cpu", async ({ folder, browser, run }) => {
    const networks = await writeNetworks(folder, cpuNetworks, names);
    for (const network of networks) {
      for (const count of threads) {
        const job = { kind: "inference", network, batches, threads: count, simds, peers, rounds, ...times } as const;
        records.push(...(await run(job, place)));
      }
    }
    return { macs: Object.fromEntries(networks.map(({ name, macs }) => [name, macs])), browser };
  });

  const rows = records.flatMap(rowsOf);
  const peaks = peaksOf(records);
  const verdicts = judge(rows, macs);
  const failed = records.flatMap(({ network, batch, threads, failed }) =>
    Object.entries(failed).map(([engine, why]) => ({ network, batch, threads, engine, why })),
  );
  const versions = records[0]?.versions ?? {};
  const peakGflops = Math.max(...peaks.filter(({ threads }) => threads === 1).map(({ gflops }) => gflops));
  const engines = [...Object.entries(versions).map(([name, version]) => `${name} ${version}`), browser].join(", ");
  const text = [
    inferenceTable(rows),
    ...failureLines(records),
    "",
    ...verdictLines(verdicts),
    peakLine(peaks),
    `${engines}; measured in a ${place}`,
  ];
  return { value: { peakGflops, peaks, rows, verdicts, failed, versions, browser, place }, text: text.join("\n") };
}
