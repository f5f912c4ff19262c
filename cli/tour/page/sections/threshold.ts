/** Accuracy and saved multiply-adds against the threshold, one above the other. */
import type { ThresholdPoint, TourRecord } from "../../record.ts";
import { count, percent, slope, tickPercent } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Axis, axis, cssPercent, plot, polyline } from "../plot.ts";
import { numbers, numbersTable } from "../tables.ts";
import { section } from "./section.ts";

/** More would melt into a thick line. */
const MAX_DOTS = 40;

interface Measure {
  readonly title: string;
  readonly of: (point: ThresholdPoint) => number;
  readonly style: string;
}

const measures: readonly Measure[] = [
  { title: "Validation accuracy", of: (point) => point.accuracy, style: "line arm-1" },
  { title: "Multiply-adds saved", of: (point) => point.savedMacs, style: "line arm-3" },
];

function figure(measure: Measure, points: readonly ThresholdPoint[], x: Axis, chosen: number): Html {
  const { title, of, style } = measure;
  const y = axis(points.map(of), { ticks: 4, format: tickPercent });
  const at = points.find((point) => point.threshold === chosen);
  const value = at ? percent(of(at)) : "";
  const place = x.at(chosen);
  const mark = html`<span class="mark${place > 0.5 && " mark-left"}" style="left:${cssPercent(place)}"><b>ζ = ${slope(chosen)}</b> ${value}</span>`;
  const line = { x: points.map((point) => point.threshold), y: points.map(of), style, dots: points.length <= MAX_DOTS };
  const dot = at && polyline(x, y, { x: [chosen], y: [of(at)], style: "chosen", dots: true });
  const description = `${title} against the threshold${at ? `; at the chosen ${slope(chosen)}: ${value}` : `; ${slope(chosen)} was chosen`}.`;
  return html`<figure class="marked"><figcaption><h3>${title}</h3></figcaption>
${plot({
  description,
  x,
  y,
  xTitle: "threshold ζ",
  height: 190,
  body: [polyline(x, y, line), dot],
  overlay: mark,
  readout: { table: "threshold-numbers", by: "x" },
})}</figure>`;
}

export function thresholdSection({ thresholds, report }: TourRecord): Html {
  const points = [...thresholds].sort((a, b) => a.threshold - b.threshold);
  const chosen = report.threshold;
  const x = axis([...points.map((point) => point.threshold), chosen], { ticks: 5, format: slope, exact: true });
  const rows = points.map((point) => [slope(point.threshold), percent(point.accuracy), percent(point.savedMacs), count(point.alive)]);
  const places = { of: "rows", at: points.map((point) => x.at(point.threshold)) } as const;
  const head = ["Threshold", "Validation accuracy", "Multiply-adds saved", "Filters alive"];
  const caption = "The network cut at each threshold, not trained any further";
  return section({
    id: "threshold",
    title: "Where to cut",
    text: html`<p>The higher the threshold ζ, the more filters count as off: more is saved, and at some point accuracy falls. Every point is the same
trained network, really cut there and not trained any further, judged on the ${count(report.dataset.validation)} validation images.</p>
<p>The marked one, ζ = ${slope(chosen)}, was chosen on these images; the test images had no say in it.</p>`,
    content: points.length
      ? html`<div class="pair">${measures.map((measure) => figure(measure, points, x, chosen))}</div>
${numbers("Numbers", numbersTable({ id: "threshold-numbers", caption, head, rows, places }))}`
      : html`<p>Unavailable: no thresholds were tried.</p>`,
  });
}
