/** `report.html`: one file that needs nothing else, neither network nor fonts, and that reads and prints without its script. */
import { createHash } from "node:crypto";
import type { TourRecord } from "../record.ts";
import { count, day, duration } from "./format.ts";
import { script, styles } from "./generated/assets.ts";
import { headline } from "./headline.ts";
import { Html, html } from "./html.ts";
import { layersSection } from "./sections/layers.ts";
import { learningSection } from "./sections/learning.ts";
import { resultSection } from "./sections/result.ts";
import { slopesSection } from "./sections/slopes.ts";
import { survivorsSection } from "./sections/survivors.ts";
import { thresholdSection } from "./sections/threshold.ts";

/** Only our own script may run, and nothing may be loaded from anywhere. */
function policy(): string {
  const hash = createHash("sha256").update(script).digest("base64");
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

const contents: readonly (readonly [id: string, title: string])[] = [
  ["result", "Result"],
  ["learning", "Learning"],
  ["slopes", "Slopes"],
  ["survivors", "Survivors"],
  ["threshold", "Threshold"],
  ["layers", "Layers"],
];

/** The whole page as HTML text. Numbers and names come from the record alone; names are escaped. */
export function renderReport(record: TourRecord): string {
  const { report } = record;
  const { dataset, machine } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Swivel: ${dataset.name}</title>
<meta name="description" content="${headline(report)}">
<link rel="icon" href="data:,">
<style>${new Html(styles)}</style>
</head>
<body>
<nav aria-label="Contents">${contents.map(([id, title]) => html`<a href="#${id}">${title}</a> `)}</nav>
<main>
${resultSection(report)}
${learningSection(record)}
${slopesSection(record)}
${survivorsSection(record)}
${thresholdSection(record)}
${layersSection(record)}
</main>
<footer>
<p>${dataset.name}: ${count(dataset.train)} images to train on, ${count(dataset.validation)} to choose on, ${count(dataset.test)} to test on. Seed ${report.seed};
the same seed on the same machine gives the same networks. The whole run took ${duration(report.seconds)} on ${machine.cpu}, ${machine.cores} cores,
${machine.engine}, ${machine.platform}, <time>${day(machine.date)}</time>.</p>
<p>“95 %: a … b” is an interval that holds the true value in 95 of 100 such measurements. The numbers of this page are in <code>report.json</code>
beside it, and in the tables behind its plots.</p>
</footer>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return page.markup;
}
