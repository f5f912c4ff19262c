/** How many filters each layer kept. */
import type { TourRecord } from "../../record.ts";
import { count, percent } from "../format.ts";
import { type Html, html } from "../html.ts";
import { bar, table } from "../tables.ts";
import { section } from "./section.ts";

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export function survivorsSection({ survivors }: TourRecord): Html {
  const widest = Math.max(1, ...survivors.map((layer) => layer.total));
  const alive = sum(survivors.map((layer) => layer.alive));
  const total = sum(survivors.map((layer) => layer.total));
  const rows = survivors.map((layer) => [
    layer.layer,
    html`<div class="bars">${bar({ share: layer.total / widest, style: "dense", text: count(layer.total) })}
${bar({ share: layer.alive / widest, style: "packed", text: count(layer.alive) })}</div>`,
    percent(layer.total > 0 ? layer.alive / layer.total : 0, 0),
  ]);
  return section({
    id: "survivors",
    title: "What survived",
    text: html`<p>${count(total - alive)} of ${count(total)} filters were cut. Not hidden behind a mask of zeros that still have to be multiplied:
the filters’ weights are gone, and so are the weights of the next layer that read them. What is left is an ordinary network, only smaller.</p>
<p>It was then trained a little longer, and its batch norms and slopes were folded into the weights.</p>`,
    content: survivors.length
      ? table(
          "Filters in each layer",
          "bar-table",
          [{ title: "Layer" }, { title: "Dense, packed", style: "wide" }, { title: "Kept", style: "number" }],
          rows,
        )
      : html`<p>Unavailable: no survivors were recorded.</p>`,
  });
}
