/** Writes a record and its page, and says what came out. */
import { join } from "node:path";
import type { EnergyRecord } from "../../energy/record.ts";
import { bounds, withUnit } from "../../energy/report/format.ts";
import { renderReport } from "../../energy/report/render.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { type Output, table } from "../output.ts";

export async function writeResult(record: EnergyRecord, folder: string, output: Output): Promise<void> {
  const [json, page] = [join(folder, "energy.json"), join(folder, "energy.html")];
  await writeWhole(json, `${JSON.stringify(record)}\n`);
  await writeWhole(page, renderReport(record));
  const { samples, marks, ...rest } = record;
  const value = {
    ...rest,
    files: { record: json, report: page },
    readings: samples.t.length,
    windows: marks.filter(({ kind }) => kind === "window").length,
  };
  output.result(value, `${summaryOf(record)}\n\n${page}: power over time, intervals, conditions\n${json}: everything, with raw readings`);
}

function summaryOf({ result }: EnergyRecord): string {
  const arms = result.arms.map(({ arm, gross, net, watts, latencyMs }) => {
    return [
      arm,
      withUnit(gross.value, "J"),
      net ? withUnit(net.value, "J") : "failed",
      withUnit(watts, "W"),
      `${latencyMs.toPrecision(3)} ms`,
    ];
  });
  const ratios = result.comparisons.map(({ of, gross, net, blocks }) => {
    const cell = (ratio: typeof gross): string => (ratio ? `${ratio.value.toFixed(3)} (${bounds(ratio)})` : "failed");
    return [`${of[1]} / ${of[0]}`, cell(gross), cell(net), String(2 * blocks)];
  });
  return [
    ...(arms.length > 0 ? [table([["per inference", "in all", "above idle", "power", "latency"], ...arms]), ""] : []),
    ...(ratios.length > 0 ? [table([["energy, 95 %", "in all", "above idle", "pairs"], ...ratios]), ""] : []),
    ...result.problems.map((problem) => `- ${problem}`),
    result.verdict,
  ].join("\n");
}
