/** Tables: the ones that people see, and the numbers behind each plot. */
import { type Content, type Html, html } from "./html.ts";
import { cssPercent } from "./plot.ts";

export interface Numbers {
  readonly id: string;
  /** What is in it. */
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly string[])[];
  /** Where the rows, or the columns after the first, lie on the plot's x axis, from 0 to 1: for its readout. */
  readonly places: { readonly of: "rows" | "columns"; readonly at: readonly number[] };
}

/** A table that scrolls sideways by itself, reachable by keyboard. */
export function numbersTable({ id, caption, head, rows, places }: Numbers): Html {
  const place = (of: "rows" | "columns", i: number): Html | false => {
    const at = places.of === of ? places.at[i] : undefined;
    return at !== undefined && html` data-at="${Number(at.toFixed(4))}"`;
  };
  const columns = head.map((name, i) => html`<th scope="col"${place("columns", i - 1)}>${name}</th>`);
  const body = rows.map(([first = "", ...cells], i) => {
    return html`<tr${place("rows", i)}><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table id="${id}" class="numbers"><caption>${caption}</caption>
<thead><tr>${columns}</tr></thead>
<tbody>
${body}</tbody></table></div>`;
}

/** The numbers behind a plot, folded away. */
export function numbers(summary: string, ...tables: readonly Html[]): Html {
  return html`<details><summary>${summary}</summary>${tables}</details>`;
}

export interface Bar {
  /** Share of the longest bar of the table, 0 to 1. */
  readonly share: number;
  /** CSS class of its colour. */
  readonly style: string;
  readonly text: Content;
}

/** A bar with its number. The number says it all, so the bar itself is not read out. */
export function bar({ share, style, text }: Bar): Html {
  const width = cssPercent(Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0);
  return html`<span class="bar ${style}"><i aria-hidden="true" style="width:${width}"></i></span><span class="bar-text">${text}</span>`;
}

export interface Column {
  readonly title: string;
  /** CSS class; the same for its cells. */
  readonly style?: string;
}

/** A table to be seen; the first column heads the rows. */
export function table(caption: string, style: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Html {
  const head = columns.map(({ title, style }) => html`<th scope="col" class="${style ?? ""}">${title}</th>`);
  const body = rows.map((cells) => {
    const parts = cells.map((cell, i) =>
      i === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${columns[i]?.style ?? ""}">${cell}</td>`,
    );
    return html`<tr>${parts}</tr>\n`;
  });
  return html`<table class="${style}"><caption>${caption}</caption><thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table>`;
}
