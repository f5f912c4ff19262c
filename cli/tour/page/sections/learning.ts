/** What a rotated ReLU is, and how each network learned. */
import type { ArmHistory, CurvePoint, TourRecord } from "../../record.ts";
import { count, percent, slope, tickPercent } from "../format.ts";
import { type Html, html } from "../html.ts";
import { axis, type EndLabel, plot, polyline } from "../plot.ts";
import { numbers, numbersTable, table } from "../tables.ts";
import { section } from "./section.ts";

const COLOURS = 6;
/** CSS class of an arm's colour. */
const colour = (arm: number): string => `arm-${(arm % COLOURS) + 1}`;

interface Curve {
  readonly id: string;
  readonly title: string;
  readonly train: (point: CurvePoint) => number;
  readonly validation: (point: CurvePoint) => number;
  format(value: number): string;
  /** For round numbers. */
  tick(value: number): string;
  readonly better: string;
}

const curves: readonly Curve[] = [
  {
    id: "loss",
    title: "Loss",
    train: (point) => point.loss,
    validation: (point) => point.validationLoss,
    format: (value) => value.toFixed(3),
    tick: slope,
    better: "lower is better",
  },
  {
    id: "accuracy",
    title: "Accuracy",
    train: (point) => point.accuracy,
    validation: (point) => point.validationAccuracy,
    format: (value) => percent(value),
    tick: tickPercent,
    better: "higher is better",
  },
];

function curveFigure(curve: Curve, histories: readonly ArmHistory[]): Html {
  const { id, title, train, validation, format, tick, better } = curve;
  const epochs = [...new Set(histories.flatMap((arm) => arm.points.map((point) => point.epoch)))].sort((a, b) => a - b);
  const values = histories.flatMap((arm) => arm.points.flatMap((point) => [train(point), validation(point)]));
  const x = axis(epochs, { ticks: 5, format: (value) => (Number.isInteger(value) ? String(value) : ""), exact: true });
  const y = axis(values, { ticks: 5, format: tick });
  const body = histories.map((arm, i) => {
    const at = arm.points.map((point) => point.epoch);
    const dots = at.length === 1;
    return [
      polyline(x, y, { x: at, y: arm.points.map(train), style: `line train ${colour(i)}`, dots }),
      polyline(x, y, { x: at, y: arm.points.map(validation), style: `line ${colour(i)}`, dots }),
    ];
  });
  const ends = histories.flatMap((arm, i): EndLabel[] => {
    const last = arm.points.at(-1);
    if (last === undefined || !Number.isFinite(validation(last))) return [];
    return [{ text: arm.name, value: format(validation(last)), style: colour(i), y: validation(last) }];
  });
  const summary = ends.map((end) => `${end.text} ${end.value}`).join(", ");
  const rows = epochs.map((epoch) => {
    const cells = histories.flatMap((arm) => {
      const point = arm.points.find((candidate) => candidate.epoch === epoch);
      return point ? [format(train(point)), format(validation(point))] : ["", ""];
    });
    return [String(epoch), ...cells];
  });
  const places = { of: "rows", at: epochs.map((epoch) => x.at(epoch)) } as const;
  const head = ["Epoch", ...histories.flatMap(({ name }) => [`${name}, train`, `${name}, validation`])];
  return html`<figure><figcaption><h3>${title}</h3> <small>${better}</small></figcaption>
${plot({
  description: `${title} over ${count(epochs.length)} epochs. On the validation images at the end: ${summary}.`,
  x,
  y,
  xTitle: "epoch",
  height: 260,
  body,
  ends,
  readout: { table: `${id}-numbers`, by: "x" },
})}
${numbers("Numbers", numbersTable({ id: `${id}-numbers`, caption: `${title} at the end of each epoch`, head, rows, places }))}
</figure>`;
}

/** How the lines of validation and training look, and both plots. */
function curveFigures(histories: readonly ArmHistory[]): Html {
  const key = (style: string, text: string) =>
    html`<span><svg viewBox="0 0 28 4" aria-hidden="true"><path class="${style}" d="M0,2H28"/></svg> ${text}</span>`;
  return html`<p class="key">${key("line", "validation")} ${key("line train", "train")}</p>
<div class="pair">${curves.map((curve) => curveFigure(curve, histories))}</div>`;
}

/** Three rays of b · max(0, x): an ordinary ReLU, a rotated one, one that is switched off. */
const illustration = html`<figure class="rays"><svg viewBox="0 0 220 120" role="img" aria-label="Three rays of b times max(0, x): with slope 1 an ordinary ReLU, with slope minus one half a ray that points down, with slope 0 a flat line.">
<path class="grid" d="M8,70H212M80,8V112"/><path class="line arm-1" d="M8,70H80L142,8"/><path class="line arm-3" d="M80,70L164,112"/><path class="line cut" d="M80,70H196"/>
<text x="146" y="18">b = 1</text><text x="158" y="100">b = −½</text><text x="170" y="64">b = 0</text></svg></figure>`;

export function learningSection({ histories, report }: TourRecord): Html {
  const arms = report.arms.map(({ name, accuracy, aliveFilters, totalFilters }) => [
    name,
    percent(accuracy, 2),
    `${count(aliveFilters)} of ${count(totalFilters)}`,
  ]);
  const { dataset } = report;
  return section({
    id: "learning",
    title: "How the networks learned",
    text: html`<p>A rotated ReLU is <code>b·max(0, x)</code>: the ray of an ordinary ReLU, turned by one learned slope <var>b</var> per filter. Where
training turns it flat, the filter says nothing any more.</p>
${illustration}
<p>Each network learned from the same ${count(dataset.train)} images. ${count(dataset.validation)} others, the validation images, watched; none of them is a test image.</p>`,
    content: html`${histories.some((arm) => arm.points.length > 0) ? curveFigures(histories) : html`<p>Unavailable: no curves were recorded.</p>`}
${table(
  "On the test images, before any cut; alive: slopes outside the threshold",
  "arms",
  [{ title: "Network" }, { title: "Accuracy", style: "number" }, { title: "Filters alive", style: "number" }],
  arms,
)}`,
  });
}
