/** Every slope over time: one small plot per rotated layer and network, all on the same scales. */
import type { ArmHistory, SlopeHistory, TourRecord } from "../../record.ts";
import { count, slope } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Axis, axis, band, plot, polyline } from "../plot.ts";
import { numbers, numbersTable } from "../tables.ts";
import { section } from "./section.ts";

interface Scales {
  readonly x: Axis;
  readonly y: Axis;
  readonly threshold: number;
}

/** Epochs of the rows of slopes: the last row belongs to the last point, the row before the first point to the start. */
function epochsOf(arm: ArmHistory, rows: number): number[] {
  const before = rows - arm.points.length;
  return Array.from({ length: rows }, (_, i) => arm.points[i - before]?.epoch ?? 0);
}

/** [filters][points] */
function byFilter(layer: SlopeHistory): number[][] {
  return (layer.values[0] ?? []).map((_, filter) => layer.values.map((row) => row[filter] ?? Number.NaN));
}

function panel(arm: ArmHistory, layer: SlopeHistory, id: string, { x, y, threshold }: Scales): { figure: Html; table: Html } {
  const epochs = epochsOf(arm, layer.values.length);
  const filters = byFilter(layer);
  const inBand = filters.map((values) => Math.abs(values.at(-1) ?? Number.NaN) <= threshold);
  const ended = `${count(inBand.filter(Boolean).length)} of ${count(filters.length)}`;
  // Filters that end in the band lie on top: they are what this is about.
  const lines = (flat: boolean) =>
    filters.map(
      (values, row) => inBand[row] === flat && polyline(x, y, { x: epochs, y: values, style: flat ? "slope flat" : "slope", row }),
    );
  const body = [band(y, -threshold, threshold, "band"), lines(false), lines(true)];
  const description = `${arm.name}, ${layer.layer}: ${ended} slopes end within ${slope(threshold)} of zero.`;
  const figure = html`<figure><figcaption>${arm.name} <small><b>${ended}</b> end in the band</small></figcaption>
${plot({ description, x, y, xTitle: "epoch", height: 170, body, readout: { table: id, by: "line" } })}</figure>`;
  const rows = filters.map((values, i) => [`filter ${i}`, ...values.map(slope)]);
  const places = { of: "columns", at: epochs.map((epoch) => x.at(epoch)) } as const;
  const head = ["Filter", ...epochs.map((epoch) => `epoch ${epoch}`)];
  return { figure, table: numbersTable({ id, caption: `Slopes of ${layer.layer}, ${arm.name}`, head, rows, places }) };
}

function layerGroup(name: string, index: number, arms: readonly ArmHistory[], scales: Scales): Html {
  const panels = arms.flatMap((arm, i) => {
    const layer = arm.slopes.find((candidate) => candidate.layer === name);
    return layer ? [panel(arm, layer, `slopes-${index}-${i}`, scales)] : [];
  });
  return html`<div class="layer"><h3>${name}</h3><div class="panels">${panels.map((entry) => entry.figure)}</div>
${numbers("Numbers", ...panels.map((entry) => entry.table))}</div>`;
}

export function slopesSection({ histories, report }: TourRecord): Html {
  const { threshold } = report;
  const rotated = histories.filter((arm) => arm.slopes.length > 0);
  const layers = [...new Set(rotated.flatMap((arm) => arm.slopes.map((entry) => entry.layer)))];
  const largest = rotated
    .flatMap((arm) => arm.slopes.flatMap((entry) => entry.values.flat()))
    .map(Math.abs)
    .filter(Number.isFinite)
    .reduce((a, b) => Math.max(a, b), threshold);
  const epochs = rotated.flatMap((arm) => arm.slopes.flatMap((entry) => epochsOf(arm, entry.values.length)));
  const scales: Scales = {
    x: axis(epochs, { ticks: 3, format: (value) => (Number.isInteger(value) ? String(value) : ""), exact: true }),
    y: axis([-largest, largest], { ticks: 4, format: slope, exact: true }),
    threshold,
  };
  return section({
    id: "slopes",
    title: "Every slope, from first to last",
    text: html`<p>One line per filter. A slope starts near 1 or near −1, by a coin’s toss, and is learned like any other weight. An L1 penalty pulls each
towards zero; a filter that is worth it pulls back.</p>
<p>The <span class="band-key">band</span> is the threshold, ±${slope(threshold)}: <span class="flat-key">slopes that end in it</span> belong to filters that can go.
All plots have the same scales, and each is shown as it came out.</p>`,
    content: layers.length
      ? layers.map((name, i) => layerGroup(name, i, rotated, scales))
      : html`<p>Unavailable: no network of this run has rotated activations.</p>`,
  });
}
