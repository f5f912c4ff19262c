/** The table that ends the main job. */
import { count, kilobytes, percent, table } from "../output.ts";
import type { BackendTiming, Report } from "./record.ts";

const ms = (timing: BackendTiming, which: "dense" | "packed"): string =>
  "unavailable" in timing ? "unavailable" : timing[which].msPerImage.toFixed(3);

/** −0.31 points */
const points = (fraction: number): string => `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(2)}`;

export function summary(report: Report): string {
  const { dense, packed, saved, difference, backends, dataset } = report;
  const rows = [
    ["", "dense (ReLU)", "packed", "saved"],
    ["accuracy", percent(dense.accuracy), percent(packed.accuracy), ""],
    ["parameters", count(dense.params), count(packed.params), percent(saved.params, 1)],
    ["multiply-adds", count(dense.macs), count(packed.macs), percent(saved.macs, 1)],
    ["file", kilobytes(dense.bytes), kilobytes(packed.bytes), percent(saved.bytes, 1)],
    ["ms per image, Wasm", ms(backends.wasm, "dense"), ms(backends.wasm, "packed"), timeSaved(backends.wasm)],
    ...("unavailable" in backends.webgpu
      ? []
      : [["ms per image, WebGPU", ms(backends.webgpu, "dense"), ms(backends.webgpu, "packed"), timeSaved(backends.webgpu)]]),
  ];
  const arms = report.arms.map(
    ({ name, accuracy, aliveFilters, totalFilters }) => `${name} ${percent(accuracy)} (${aliveFilters} of ${totalFilters} filters alive)`,
  );
  return [
    `${dataset.name}: ${count(dataset.train)} training, ${count(dataset.validation)} validation, ${count(dataset.test)} test images`,
    `before any cut: ${arms.join(", ")}`,
    "",
    table(rows),
    "",
    `packed minus dense: ${points(difference.value)} points of accuracy, 95 % interval ${points(difference.low)} to ${points(difference.high)} (paired, ${count(dataset.test)} images)`,
    `the same small network trained from scratch: ${percent(report.scratch.accuracy)}`,
    ...("unavailable" in backends.webgpu ? [`WebGPU: unavailable (${backends.webgpu.unavailable})`] : []),
    `${report.machine.cpu}, ${report.machine.cores} cores, ${report.machine.engine}; ${Math.round(report.seconds)} s in all`,
  ].join("\n");
}

const timeSaved = (timing: BackendTiming): string => ("unavailable" in timing ? "" : percent(1 - 1 / timing.ratio.value, 1));
