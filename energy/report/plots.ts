/** Power over time with the windows marked, and intervals as bars: SVG that needs no script. */
import type { Interval } from "../../src/intervals.ts";
import type { ArmName, EnergyRecord } from "../record.ts";
import type { EnergyTrace } from "../trace.ts";
import { energyBetween } from "../trace.ts";
import { duration, withUnit } from "./format.ts";
import { type Html, html } from "./html.ts";

const WIDTH = 1000;
const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 24;
/** Points of the line: more than a screen has are of no use. */
const POINTS = 900;
const KEY: Readonly<Record<ArmName | "idle", string>> = { A: "A", B: "B", N: "A again", C: "control", idle: "idle" };

/** Round steps that give about `count` ticks up to `high`. */
function ticks(high: number, count: number): number[] {
  const raw = high / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, i) => i * step);
}

export function powerPlot({ marks, result }: EnergyRecord, traces: readonly EnergyTrace[]): Html {
  const [start, end] = [Math.min(...marks.map((mark) => mark.start)), Math.max(...marks.map((mark) => mark.end))];
  if (!(end > start) || traces.length === 0) return html`<p>There are no readings to draw.</p>`;
  const spacing = Math.max(...traces.map((trace) => trace.spacing || 0));
  const count = Math.max(1, Math.min(POINTS, Math.floor((end - start) / Math.max(1, spacing))));
  const width = (end - start) / count;
  const watts = Array.from({ length: count }, (_, i) => {
    const parts = traces.map((trace) => energyBetween(trace, start + i * width, start + (i + 1) * width));
    return parts.some(({ lost }) => lost > 0.5) ? Number.NaN : (1000 * parts.reduce((sum, { joules }) => sum + joules, 0)) / width;
  });
  const high = Math.max(1e-9, ...watts.filter(Number.isFinite)) * 1.05;
  const x = (t: number): number => LEFT + ((t - start) / (end - start)) * (WIDTH - LEFT);
  const y = (value: number): number => (1 - Math.max(0, value) / high) * (HEIGHT - BOTTOM);
  const bottom = HEIGHT - BOTTOM;
  const rejected = new Set(result.comparisons.flatMap(({ name, rejected }) => rejected.map(({ block }) => `${name} ${block}`)));
  const zones = marks.flatMap((mark) => {
    const lost = mark.kind === "window" && rejected.has(`${mark.comparison} ${mark.block}`);
    const kind = lost ? "lost" : mark.kind === "window" ? mark.arm : mark.kind === "idle" ? "idle" : undefined;
    if (kind === undefined) return [];
    return [
      html`<rect class="zone ${kind}" x="${x(mark.start).toFixed(1)}" width="${(x(mark.end) - x(mark.start)).toFixed(1)}" y="0" height="${bottom}"/>`,
    ];
  });
  let pen = "M";
  const path = watts.map((value, i) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return "";
    }
    const command = `${pen}${x(start + (i + 0.5) * width).toFixed(1)},${y(value).toFixed(1)}`;
    pen = "L";
    return command;
  });
  const rows = ticks(high, 5).map(
    (value) =>
      html`<path class="grid" d="M${LEFT},${y(value).toFixed(1)}H${WIDTH}"/><text x="${LEFT - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${withUnit(value, "W")}</text>`,
  );
  const columns = ticks((end - start) / 1000, 6).map((seconds) => {
    return html`<text x="${x(start + 1000 * seconds).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="${seconds === 0 ? "start" : "middle"}">${duration(seconds).replace(/ .*/, "")}</text>`;
  });
  const shown = [
    ...new Set(marks.flatMap((mark) => (mark.kind === "idle" ? ["idle" as const] : mark.kind === "window" && mark.arm ? [mark.arm] : []))),
  ];
  const swatch = (style: string): Html =>
    html`<svg viewBox="0 0 1 1" aria-hidden="true"><rect class="${style}" width="1" height="1"/></svg>`;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Power over ${duration((end - start) / 1000)}, up to ${withUnit(high / 1.05, "W")}">
${zones}${rows}${columns}<path class="power" d="${path.join("")}"/></svg>
<ul class="key">${shown.map((name) => html`<li>${swatch(name)}${KEY[name]}</li>`)}${rejected.size > 0 && html`<li>${swatch("lost")}block that does not count</li>`}</ul></figure>`;
}

export interface Row {
  readonly name: string;
  readonly style: string;
  readonly interval: Interval;
  readonly text: string;
}

const ROW = 34;

/** Intervals under each other on one axis; `line` is a value to compare with. */
export function intervalPlot(rows: readonly Row[], label: string, line?: number): Html {
  if (rows.length === 0) return html``;
  const values = rows.flatMap(({ interval }) => [interval.low, interval.high]).concat(line ?? []);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  const [from, to] = [least - room, most + room];
  const x = (value: number): number => 250 + ((value - from) / (to - from)) * (WIDTH - 260);
  const height = ROW * rows.length + 8;
  const bars = rows.map(({ name, style, interval, text }, i) => {
    const y = ROW * i + ROW / 2;
    const [low, high] = [x(interval.low).toFixed(1), x(interval.high).toFixed(1)];
    return html`<g class="${style}"><path class="bar" d="M${low},${y}H${high}M${low},${y - 6}v12M${high},${y - 6}v12"/><circle cx="${x(interval.value).toFixed(1)}" cy="${y}" r="5"/></g>
<text x="0" y="${y - 2}">${name}</text><text x="0" y="${y + 12}">${text}</text>`;
  });
  const rule = line === undefined ? false : html`<path class="grid" stroke-dasharray="4 3" d="M${x(line).toFixed(1)},0V${height}"/>`;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${rule}${bars}</svg><figcaption>${label}</figcaption></figure>`;
}
