/** What ends the main job on a terminal of 80 columns: the table, dense against packed, and what it must be read with. */
import { count, kilobytes, percent, plural, table } from "../output.ts";
import type { BackendTiming, Report } from "./record.ts";

const BACKENDS = { wasm: "Wasm", webgpu: "WebGPU" } as const;

/** −0.31 */
const points = (fraction: number): string => `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(2)}`;

export function summary(report: Report): string {
  const { arms, dense, packed, saved, difference, backends, machine, dataset } = report;
  const timings = Object.entries(BACKENDS).map(([key, name]) => [name, backends[key as keyof typeof BACKENDS]] as const);
  const rows = [
    ["", "dense (ReLU)", "packed", "saved"],
    ["accuracy", percent(dense.accuracy), percent(packed.accuracy), ""],
    ["parameters", count(dense.params), count(packed.params), percent(saved.params, 1)],
    ["multiply-adds", count(dense.macs), count(packed.macs), percent(saved.macs, 1)],
    ["file", kilobytes(dense.bytes), kilobytes(packed.bytes), percent(saved.bytes, 1)],
    ...timings.flatMap(([name, timing]) => timeRow(name, timing)),
  ];
  const low = `${points(difference.low)} to ${points(difference.high)}`;
  return [
    "",
    table(rows),
    "",
    `packed minus dense: ${points(difference.value)} points of accuracy, 95 % interval ${low}`,
    `the same small network trained from scratch: ${percent(report.scratch.accuracy)}`,
    `before the cut, with the filters above the threshold of ${report.threshold.toPrecision(3)}:`,
    ...arms.map(({ name, accuracy, aliveFilters, totalFilters }) =>
      [`  ${name.padEnd(12)}`, percent(accuracy).padStart(8), `${aliveFilters} of ${totalFilters}`.padStart(12)].join(" "),
    ),
    `all accuracies on the same ${plural(dataset.test, "test image")} of ${dataset.name}`,
    ...timings.flatMap(([name, timing]) => ("adapter" in timing && timing.adapter ? [`${name} ran on ${timing.adapter}`] : [])),
    ...timings.flatMap(([name, timing]) => ("unavailable" in timing ? [`${name} was not measured: ${timing.unavailable}`] : [])),
    `${Math.round(report.seconds)} s in all on ${machine.cpu}, ${plural(machine.cores, "core")}`,
  ].join("\n");
}

function timeRow(name: string, timing: BackendTiming): string[][] {
  if ("unavailable" in timing) return [];
  const [dense, packed] = [timing.dense.msPerImage, timing.packed.msPerImage];
  return [[`ms per image, ${name}`, dense.toFixed(3), packed.toFixed(3), percent(1 - packed / dense, 1)]];
}
