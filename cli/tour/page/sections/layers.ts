/** Dense beside packed, node by node: multiply-adds, bytes, milliseconds. */
import type { LayerFacts, TourRecord } from "../../record.ts";
import { count, kilobytes, short, significant } from "../format.ts";
import { type Content, type Html, html } from "../html.ts";
import { bar, table } from "../tables.ts";
import { section } from "./section.ts";

interface Metric {
  readonly title: string;
  readonly of: (layer: LayerFacts) => number | undefined;
  format(value: number): string;
  readonly missing: string;
}

const metrics: readonly Metric[] = [
  { title: "Multiply-adds per image", of: (layer) => layer.macs, format: short, missing: "" },
  { title: "Weights", of: (layer) => layer.bytes, format: kilobytes, missing: "the sizes of single layers were not recorded" },
  {
    title: "Milliseconds per image",
    of: (layer) => layer.ms,
    format: significant,
    missing: "layers were not timed one by one",
  },
];

interface Pair {
  readonly name: string;
  readonly dense?: number;
  readonly packed?: number;
}

/** Nodes by name: those of the dense network in its order, then those that only the packed one has. */
function pairsOf({ dense, packed }: TourRecord["layers"], of: Metric["of"]): Pair[] {
  const values = (layers: readonly LayerFacts[]) => new Map(layers.map((layer) => [layer.name, of(layer)]));
  const [whole, small] = [values(dense), values(packed)];
  return [...new Set([...whole.keys(), ...small.keys()])].map((name) => ({ name, dense: whole.get(name), packed: small.get(name) }));
}

function metricTable(layers: TourRecord["layers"], { title, of, format, missing }: Metric): Html {
  const pairs = pairsOf(layers, of).filter(({ dense = 0, packed = 0 }) => dense > 0 || packed > 0);
  const known = [...layers.dense, ...layers.packed].some((layer) => of(layer) !== undefined);
  if (!known) return html`<p class="missing"><b>${title}</b>: unavailable, ${missing}.</p>`;
  const longest = Math.max(...pairs.flatMap(({ dense = 0, packed = 0 }) => [dense, packed]));
  const cell = (value: number | undefined, style: string): Content =>
    bar({ share: (value ?? 0) / longest, style, text: value === undefined ? "none" : format(value) });
  const rows = pairs.map(({ name, dense, packed }) => [
    name,
    html`<div class="bars">${cell(dense, "dense")}\n${cell(packed, "packed")}</div>`,
  ]);
  return table(title, "bar-table", [{ title: "Layer" }, { title: "Dense, packed", style: "wide" }], rows);
}

export function layersSection({ layers, report }: TourRecord): Html {
  const shared = layers.dense.length + layers.packed.length > 0;
  return section({
    id: "layers",
    title: "Dense beside packed",
    text: html`<p>Where the savings are. A layer loses twice: its own filters, and the inputs that the cut before it took away.</p>
<p>Steps that cost nothing by a measure are left out of it; “none” stands where one of the two networks has no such step, because it was folded into
its neighbour. The whole networks have ${count(report.dense.macs)} and ${count(report.packed.macs)} multiply-adds.</p>`,
    content: shared
      ? html`<div class="triple">${metrics.map((metric) => metricTable(layers, metric))}</div>`
      : html`<p>Unavailable: no layers were recorded.</p>`,
  });
}
