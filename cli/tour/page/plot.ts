/**
 * The frame that all line plots share. Lines are SVG stretched to whatever room there is, with strokes that do not scale; every text is HTML
 * laid over it by percentages. So a plot fills a phone and a desktop alike, and its letters stay of one size.
 */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { type Content, type Html, html } from "./html.ts";

/** The SVG's own units in both directions. */
const SIDE = 1000;

export interface Tick {
  readonly value: number;
  readonly text: string;
}

export interface Axis {
  /** Where a value lies: 0 at the start of the axis, 1 at its end. */
  at(value: number): number;
  readonly ticks: readonly Tick[];
  readonly low: number;
  readonly high: number;
}

export interface AxisOptions {
  /** About how many ticks. */
  readonly ticks: number;
  format(value: number): string;
  /** Ends at the data, not at the next round number. */
  readonly exact?: boolean;
}

/** A linear axis over the finite ones of `values`; from 0 to 1 where there are none. */
export function axis(values: readonly number[], options: AxisOptions): Axis {
  const finite = values.filter(Number.isFinite);
  const low = finite.length ? finite.reduce((a, b) => Math.min(a, b)) : 0;
  const high = finite.length ? finite.reduce((a, b) => Math.max(a, b)) : 1;
  const room = low === high ? Math.abs(low) / 10 || 0.5 : 0;
  const scale = scaleLinear([low - room, high + room], [0, 1]);
  if (!options.exact) scale.nice(options.ticks);
  const [from, to] = scale.domain() as [number, number];
  const ticks = scale.ticks(options.ticks).map((value) => ({ value, text: options.format(value) }));
  return { at: (value) => scale(value), ticks, low: from, high: to };
}

/** "37.5%", for a style. */
export const cssPercent = (share: number): string => `${Number((100 * share).toFixed(2))}%`;

export interface Polyline {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** CSS classes. */
  readonly style: string;
  readonly dots?: boolean;
  /** Its row in the table behind the plot, where the readout looks for single lines. */
  readonly row?: number;
}

/** A line through the finite points. Dots are strokes of no length with round ends, because circles would be stretched. */
export function polyline(x: Axis, y: Axis, { x: xs, y: ys, style, dots, row }: Polyline): Html {
  const points = ys.map((value, i) => [SIDE * x.at(xs[i] as number), SIDE * (1 - y.at(value))] as [number, number]);
  const path = line()
    .defined((point) => point.every(Number.isFinite))
    .digits(1);
  const dotted = points
    .filter((point) => point.every(Number.isFinite))
    .map(([px, py]) => `M${px.toFixed(1)},${py.toFixed(1)}h0`)
    .join("");
  const data = row !== undefined && html` data-row="${row}"`;
  return html`<path class="${style}" d="${path(points) ?? ""}"${data}/>${dots && html`<path class="${style} dots" d="${dotted}"/>`}`;
}

/** A horizontal band between two values. */
export function band(y: Axis, low: number, high: number, style: string): Html {
  const top = SIDE * (1 - Math.min(1, y.at(high)));
  const bottom = SIDE * (1 - Math.max(0, y.at(low)));
  return html`<rect class="${style}" x="0" width="${SIDE}" y="${top.toFixed(1)}" height="${(bottom - top).toFixed(1)}"/>`;
}

export interface EndLabel {
  readonly text: string;
  /** Shown where there is room. */
  readonly value: string;
  /** CSS class of its colour. */
  readonly style: string;
  /** Where its line ends, on the y axis. */
  readonly y: number;
}

const LABEL_HEIGHT = 18;

/** Tops of the labels in shares of the height, moved apart where lines end close together. */
function spread(labels: readonly EndLabel[], y: Axis, height: number): { label: EndLabel; top: number }[] {
  const gap = LABEL_HEIGHT / height;
  const placed = labels.map((label) => ({ label, top: 1 - y.at(label.y) })).sort((a, b) => a.top - b.top);
  placed.forEach((entry, i) => {
    entry.top = Math.max(entry.top, i > 0 ? (placed[i - 1]?.top as number) + gap : 0);
  });
  for (let i = placed.length - 1, limit = 1; i >= 0; i--, limit -= gap) {
    const entry = placed[i] as { top: number };
    entry.top = Math.min(entry.top, limit);
  }
  return placed;
}

export interface Plot {
  /** What a person who does not see it should know. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  /** What the x axis counts; empty where the plot below says it. */
  readonly xTitle: string;
  /** CSS pixels. */
  readonly height: number;
  /** SVG. */
  readonly body: Content;
  /** HTML over the plot. */
  readonly overlay?: Content;
  readonly ends?: readonly EndLabel[];
  /** Table from which the pointer's readout takes its numbers, and how: a row per x, or a row per line. */
  readonly readout?: { readonly table: string; readonly by: "x" | "line" };
}

const longest = (texts: readonly string[]): string => texts.reduce((a, b) => (b.length > a.length ? b : a), "");

/** The plot with its axes, read as one picture. */
export function plot({ description, x, y, xTitle, height, body, overlay, ends = [], readout }: Plot): Html {
  const rows = y.ticks.map(({ value }) => SIDE * (1 - y.at(value))).map((at) => `M0,${at.toFixed(1)}h${SIDE}`);
  const data = readout && html` data-table="${readout.table}" data-by="${readout.by}" data-low="${y.low}" data-high="${y.high}"`;
  const yTicks = y.ticks.map(({ value, text }) => html`<span style="top:${cssPercent(1 - y.at(value))}">${text}</span>`);
  const xTicks = x.ticks.map(({ value, text }) => html`<span style="left:${cssPercent(x.at(value))}">${text}</span>`);
  const labels = spread(ends, y, height).map(
    ({ label, top }) => html`<span class="${label.style}" style="top:${cssPercent(top)}">${label.text} <b>${label.value}</b></span>`,
  );
  const widest = ends.length > 0 && html`<i>${longest(ends.map((end) => end.text))} <b>${longest(ends.map((end) => end.value))}</b></i>`;
  return html`<div class="plot" role="img" aria-label="${description}">
<div class="plot-y"><i>${longest(y.ticks.map((tick) => tick.text))}</i>${yTicks}</div>
<div class="plot-area" style="--height:${height}px"${data}>
<svg viewBox="0 0 ${SIDE} ${SIDE}" preserveAspectRatio="none"><path class="grid" d="${rows.join("")}"/>${body}</svg>${overlay}</div>
<div class="plot-ends">${widest}${labels}</div>
<div class="plot-x">${xTicks}${xTitle && html`<em>${xTitle}</em>`}</div>
</div>`;
}
