/** Accuracy against multiply-adds as an SVG that stands alone: a point for each arm, a bar from its worst to its best seed, a line for each family. */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { Row } from "./summary.ts";

const [WIDTH, HEIGHT] = [760, 420];
const MARGIN = { left: 64, right: 160, top: 16, bottom: 48 };
/** Okabe and Ito's, which colour-blind people can tell apart. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#8b4513", "#000000"];
const LABEL = 18;
/** Pixels between families. */
const APART = 5;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const at = (value: number): string => value.toFixed(1);

/** `rows` must not be empty. */
export function plotOf(title: string, rows: readonly Row[]): string {
  const x = scaleLinear([0, Math.max(...rows.map(({ macs }) => macs.high)) / 1e6], [MARGIN.left, WIDTH - MARGIN.right]).nice();
  const lows = Math.min(...rows.map(({ after }) => after.low));
  const highs = Math.max(...rows.map(({ after }) => after.high));
  const room = Math.max(0.002, 0.05 * (highs - lows));
  const y = scaleLinear([100 * (lows - room), 100 * Math.min(1, highs + room)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const families = [...new Set(rows.map(({ arm }) => arm.family))];
  const xTicks = x
    .ticks(6)
    .map((value) => `<text x="${at(x(value))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${value}</text>`);
  const yTicks = y.ticks(6).map((value) => {
    const level = at(y(value));
    return `<path class="grid" d="M${MARGIN.left},${level}H${WIDTH - MARGIN.right}"/><text x="${MARGIN.left - 8}" y="${level}" dy="4" text-anchor="end">${value} %</text>`;
  });
  const drawn = families.map((family, i) => {
    const own = rows.filter(({ arm }) => arm.family === family).sort((a, b) => a.macs.mean - b.macs.mean);
    // beside each other where they have the same multiply-adds
    const px = ({ macs }: Row): number => x(macs.mean / 1e6) + APART * (i - (families.length - 1) / 2);
    const places = own.map((row): [number, number] => [px(row), y(100 * row.after.mean)]);
    const bars = own.map((row) => `M${at(px(row))},${at(y(100 * row.after.low))}V${at(y(100 * row.after.high))}`);
    const dots = places.map(([cx, cy]) => `<circle cx="${at(cx)}" cy="${at(cy)}" r="4"/>`);
    const colour = COLOURS[i % COLOURS.length];
    const label = MARGIN.top + 8 + LABEL * i;
    return `<g fill="${colour}" stroke="${colour}"><path class="line" d="${line().digits(1)(places)}"/><path d="${bars.join("")}"/>${dots.join("")}<circle cx="${WIDTH - MARGIN.right + 20}" cy="${label}" r="4"/></g><text x="${WIDTH - MARGIN.right + 32}" y="${label}" dy="4">${escaped(family)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title).replaceAll('"', "&quot;")}">
<style>text{font:13px system-ui,sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:1.5}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${yTicks.join("\n")}
${xTicks.join("\n")}
<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">million multiply-adds</text>
${drawn.join("\n")}
</svg>
`;
}
