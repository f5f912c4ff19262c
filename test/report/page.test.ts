import { describe, expect, it } from "vitest";
import { html } from "../../cli/tour/page/html.ts";
import { renderReport } from "../../cli/tour/page/render.ts";
import type { TourRecord } from "../../cli/tour/record.ts";
import { sampleRecord } from "./sample.ts";

type Path = readonly string[];

/** Where every number and every text of a record stands. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value === "number" || typeof value === "string") return [path];
  return Object.entries(value as object).flatMap(([key, child]) => pathsOf(child, [...path, key]));
}

/** A copy with numbers and texts changed; `at` is the path, joined by dots. */
function mapLeaves(value: unknown, change: (leaf: number | string, at: string) => unknown, path: Path = []): unknown {
  if (typeof value === "number" || typeof value === "string") return change(value, path.join("."));
  if (Array.isArray(value)) return value.map((child, i) => mapLeaves(child, change, [...path, String(i)]));
  return Object.fromEntries(Object.entries(value as object).map(([key, child]) => [key, mapLeaves(child, change, [...path, key])]));
}
const changed = (record: TourRecord, change: (leaf: number | string, at: string) => unknown) => mapLeaves(record, change) as TourRecord;

/** What a person reads. */
const textOf = (page: string): string => page.replace(/<(style|script)>.*?<\/\1>/gs, "").replace(/<[^>]*>/g, " ");

const EPOCHS = 2;
const record = sampleRecord(1, EPOCHS);
const page = renderReport(record);
const { histories, thresholds, survivors, layers } = record;
const empty: TourRecord = { ...record, histories: [], thresholds: [], survivors: [], layers: { dense: [], packed: [] } };

describe("report.html", () => {
  it("needs nothing else: no address, no file, no import", () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|@import|url\(|\bsrc=|<link(?! rel="icon" href="data:,")/i);
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  it("is the same page for the same record", () => {
    expect(renderReport(sampleRecord(1, EPOCHS))).toBe(page);
    expect(renderReport(sampleRecord(2, EPOCHS))).not.toBe(page);
  });

  it("shows every number and name of the record", () => {
    const all = pathsOf(record);
    // Slopes are hundreds of numbers: the first filter's stand for the rest.
    const paths = all.filter((path) => path[2] !== "slopes" || path.at(-1) === "name" || path.at(-1) === "0");
    const text = textOf(page);
    const silent = paths.filter((path) => {
      const other = changed(record, (leaf, at) => {
        if (at !== path.join(".")) return leaf;
        return typeof leaf === "string" ? `${leaf}!` : leaf * 1.37 + 0.21;
      });
      return textOf(renderReport(other)) === text;
    });
    expect(paths.length).toBeGreaterThan(150);
    expect(silent.map((path) => path.join("."))).toEqual([]);
  });

  it("shows no other: where nothing was measured, no figure is left", () => {
    const nothing = changed(empty, (leaf) => (typeof leaf === "number" ? 0 : "none"));
    const text = textOf(renderReport(nothing)).replaceAll("\u00a0", " ").replaceAll("&nbsp;", " ");
    // The level of the intervals, how slopes start, and the three drawn rays are no results.
    const known = /95 %|95 of 100|near 1 or near −1|max\(0, x\)|b = 1|b = −½|b = 0|L1|report\.json/g;
    const figures = text.replace(known, "").match(/[\d.,]*\d[\d.,]*/g) ?? [];
    expect(figures.filter((figure) => Number(figure.replace(/[.,]$/, "")) !== 0)).toEqual([]);
  });

  it("escapes every text of the record", () => {
    const hostile = `</title></script><script>alert(1)</script><img src=x onerror="alert(2)">'"&amp;<!--`;
    const attacked = renderReport(changed(record, (leaf) => (typeof leaf === "string" ? leaf + hostile : leaf)));
    const tags = (text: string) => (text.match(/<[a-z!/]+/gi) ?? []).join(" ");
    expect(tags(attacked) === tags(page)).toBe(true);
    expect(attacked).not.toContain(hostile);
    expect(attacked).toContain("Fashion-MNIST&lt;/title&gt;");
    expect(attacked).toContain("&lt;img src=x onerror=&quot;alert(2)&quot;&gt;&#39;&quot;&amp;amp;&lt;!--");
  });

  it("says what is unavailable, and why", () => {
    const reasons = { wasm: { unavailable: "no SIMD in this engine" }, webgpu: { unavailable: "no adapter <here>" } };
    const text = renderReport({ ...record, report: { ...record.report, backends: reasons } });
    expect(text).toContain("<b>unavailable</b>: no SIMD in this engine");
    expect(text).toContain("WebAssembly: unavailable, no SIMD in this engine.");
    expect(text).toContain("<b>unavailable</b>: no adapter &lt;here&gt;");
    const both = { dense: { msPerImage: 2 }, packed: { msPerImage: 1 }, ratio: { value: 2, low: 1.9, high: 2.1 } };
    const measured = renderReport({ ...record, report: { ...record.report, backends: { wasm: both, webgpu: both } } });
    expect(textOf(measured)).not.toContain("unavailable");
  });

  it("says so where layers were not timed or weighed, or nothing was recorded", () => {
    const bare = layers.dense.map(({ name, macs }) => ({ name, macs }));
    const untimed = textOf(renderReport({ ...record, layers: { dense: bare, packed: bare } }));
    expect(untimed).toContain("layers were not timed one by one");
    expect(untimed).toContain("the sizes of single layers were not recorded");
    expect(textOf(renderReport(empty)).match(/Unavailable: no/g)).toHaveLength(5);
  });

  it("draws no broken line where numbers are not finite or lists are short", () => {
    const odd: TourRecord[] = [
      changed(record, (leaf, path) => (path.startsWith("histories") && typeof leaf === "number" ? Number.NaN : leaf)),
      changed(record, (leaf, path) => (path.endsWith(".loss") ? Number.POSITIVE_INFINITY : leaf)),
      changed(record, (leaf, path) => (path.startsWith("thresholds") && typeof leaf === "number" ? 0 : leaf)),
      { ...record, histories: histories.map((arm) => ({ ...arm, points: [], slopes: [] })) },
      { ...record, histories: histories.map((arm) => ({ ...arm, points: arm.points.slice(0, 1) })) },
      { ...record, thresholds: thresholds.slice(0, 1), survivors: survivors.map((layer) => ({ ...layer, alive: 0, total: 0 })) },
      empty,
    ];
    for (const one of odd) {
      const geometry = renderReport(one).match(/ (?:d|y|height|style|data-[a-z]+)="[^"]*"/g) ?? [];
      expect(geometry.filter((attribute) => /NaN|Infinity|undefined/.test(attribute))).toEqual([]);
    }
  });

  it("keeps every layer apart that has a name of its own, in the order of the networks", () => {
    const dense = ["a", "b", "c"].map((name) => ({ name, macs: 10, bytes: 4, ms: 1 }));
    const packed = ["a", "c", "extra"].map((name) => ({ name, macs: 5, bytes: 2, ms: 1 }));
    const section = renderReport({ ...record, layers: { dense, packed } }).split('id="layers"')[1] ?? "";
    const rows = [...section.matchAll(/<th scope="row">(.*?)<\/th>/g)].map((match) => match[1]);
    expect(rows).toEqual([...["a", "b", "c", "extra"], ...["a", "b", "c", "extra"], ...["a", "b", "c", "extra"]]);
    expect(section.match(/>none</g)).toHaveLength(6);
  });
});

describe("html", () => {
  it("escapes what is not markup already", () => {
    expect(html`<p title="${`"'&<>`}">${[1, html`<b>${"<i>"}</b>`, false, undefined]}</p>`.markup).toBe(
      '<p title="&quot;&#39;&amp;&lt;&gt;">1<b>&lt;i&gt;</b></p>',
    );
  });
});
