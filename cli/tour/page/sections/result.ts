/** What came out: the sentence, and the table of dense, packed and from scratch. */

import type { BackendTiming, Report } from "../../record.ts";
import { count, day, kilobytes, milliseconds, percent, points, range } from "../format.ts";
import { accuracySentence, headline, speedSentence } from "../headline.ts";
import { type Html, html } from "../html.ts";
import { bar } from "../tables.ts";

const measured = html` <span class="badge">measured</span>`;

const same = html`<td class="same">as packed</td>`;

/** "60.7 % saved"; what a cut made larger is said too. */
const savedText = (saved: number): string => (saved >= 0 ? `${percent(saved)} saved` : `${percent(-saved)} more`);

function costRow(title: string, dense: string, packed: string, saved: number): Html {
  const left = bar({ share: 1 - saved, style: "packed", text: html`<small>${savedText(saved)}</small>` });
  return html`<tr><th scope="row">${title}</th><td>${dense}</td><td class="packed"><b>${packed}</b>${left}</td>${same}</tr>\n`;
}

function timeRow(backend: string, timing: BackendTiming): Html {
  const title = `Time per image, ${backend}`;
  if ("unavailable" in timing) {
    return html`<tr><th scope="row">${title}</th><td colspan="3" class="unavailable"><b>unavailable</b>: ${timing.unavailable}</td></tr>\n`;
  }
  const { dense, packed, ratio, adapter } = timing;
  const where = adapter === undefined ? html`` : html` <small>on ${adapter}</small>`;
  const faster = html`<small>${ratio.value.toFixed(2)} times as fast, <span class="interval">95&nbsp;%: ${range(ratio)}</span></small>`;
  return html`<tr><th scope="row">${title}${measured}${where}</th><td>${milliseconds(dense.msPerImage)}</td>
<td class="packed"><b>${milliseconds(packed.msPerImage)}</b>${faster}</td>${same}</tr>\n`;
}

function resultTable({ dense, packed, scratch, saved, difference, dataset, backends }: Report): Html {
  const { value, range } = points(difference);
  const against = html`<small>${value} points against ReLU, <span class="interval">95&nbsp;%: ${range}</span></small>`;
  return html`<table class="result"><caption>Every filter kept, the filters that earned their place, and that small network trained from a fresh start</caption>
<thead><tr><td></td><th scope="col">Dense</th><th scope="col" class="packed">Packed</th><th scope="col">From scratch</th></tr></thead>
<tbody>
<tr><th scope="row">Accuracy on ${count(dataset.test)} test images</th><td>${percent(dense.accuracy, 2)}</td>
<td class="packed"><b>${percent(packed.accuracy, 2)}</b>${against}</td><td>${percent(scratch.accuracy, 2)}</td></tr>
${costRow("Parameters", count(dense.params), count(packed.params), saved.params)}
${costRow("Multiply-adds per image", count(dense.macs), count(packed.macs), saved.macs)}
${costRow("Model file", kilobytes(dense.bytes), kilobytes(packed.bytes), saved.bytes)}
${timeRow("Wasm", backends.wasm)}
${timeRow("WebGPU", backends.webgpu)}
</tbody></table>`;
}

/** The top of the page. */
export function resultSection(report: Report): Html {
  const { machine, dataset } = report;
  return html`<header id="result">
<p class="brand"><b>Swivel</b> ${dataset.name}</p>
<h1>${headline(report)}</h1>
<div class="lead"><p>${accuracySentence(report)}</p>
<p>${speedSentence("WebAssembly", report.backends.wasm)}</p></div>
${resultTable(report)}
<div class="notes"><p>${measured} Medians, one image at a time, dense and packed in turns, on ${machine.cpu} (${machine.cores} cores), ${machine.engine}, ${machine.platform}, <time>${day(machine.date)}</time>.</p>
<p><b>From scratch</b> is the control: a network of the packed one’s exact shape, so its size and speed are the same. It started from
fresh weights, was never cut, and saw as many images as the packed one in all. Fine-tuning gave the packed network more
images than the dense one ever saw: the fair comparison is with the control. If it does as well, the pruning has found the right shape, not better weights.</p></div>
</header>
`;
}
