import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeRecord } from "../../energy/make.ts";
import { renderReport } from "../../energy/report/render.ts";
import { marksSchema, recordSchema } from "../../energy/schema.ts";
import { differences, mismatch, readMarks, readRecord } from "../../energy/validate.ts";
import { root } from "../../tools/entries.ts";
import { counter, live, marksOfLife, see, settings, truth } from "./simulate.ts";

const life = live(truth(2, 0.2), settings({ nullPairs: 10, controlPairs: 10, windowSeconds: 20, idleSeconds: 40 }));
const marks = marksOfLife(life, {
  device: { os: "<script>alert(1)</script>", notes: ["a & b"] },
  battery: [{ t: 1, level: 1, charging: false }],
});
const { source, samples } = see(life, { ...counter, everyMs: 5000 });
const record = JSON.parse(JSON.stringify(makeRecord(marks, source, samples)));

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });

describe("the schema", () => {
  it.each([
    ["energy.schema.json", recordSchema],
    ["energy-marks.schema.json", marksSchema],
  ])("is the one that docs/%s publishes", (file, schema) => {
    const published = JSON.parse(readFileSync(join(root, "docs", file), "utf8"));
    // to write them anew: SWIVEL_WRITE_SCHEMA=1
    if (process.env.SWIVEL_WRITE_SCHEMA) writeFileSync(join(root, "docs", file), JSON.stringify(schema, null, 2));
    else expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it("takes what is written, by Ajv and by us", () => {
    expect(ajv.validate(recordSchema, record), ajv.errorsText()).toBe(true);
    expect(ajv.validate(marksSchema, marks), ajv.errorsText()).toBe(true);
    expect(readRecord(JSON.stringify(record))).toEqual(record);
    expect(readMarks(JSON.stringify(marks))).toEqual(JSON.parse(JSON.stringify(marks)));
    expect(differences(record)).toEqual([]);
  });

  it("refuses the same things as Ajv does", () => {
    const check = ajv.compile(recordSchema);
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (paths.length < 4000 && path.length > 0) paths.push(path);
      if (typeof value === "object" && value !== null) {
        for (const [name, item] of Object.entries(value).slice(0, 12)) walk(item, [...path, name]);
      }
    };
    walk(record, []);
    const wrong = fc.constantFrom<unknown>(undefined, null, "x", -1, 0.5, 1e9, true, [], {}, ["x"], { value: 1 });
    fc.assert(
      fc.property(fc.constantFrom(...paths), wrong, (path, value) => {
        const changed = structuredClone(record);
        const last = path.at(-1) as string;
        const parent = path.slice(0, -1).reduce((at, name) => at[name], changed);
        if (value === undefined && !Array.isArray(parent)) delete parent[last];
        else parent[last] = value ?? null;
        expect(mismatch(changed, recordSchema) === undefined).toBe(check(changed));
      }),
      { numRuns: 400 },
    );
  });
});

describe("a record", () => {
  const refused = (change: (copy: typeof record) => void): (() => unknown) => {
    const copy = structuredClone(record);
    change(copy);
    return () => readRecord(JSON.stringify(copy));
  };
  it.each<[string, (copy: typeof record) => void, RegExp]>([
    ["without readings of a channel", (copy) => delete copy.samples.values.all, /"all" has no readings for/],
    ["with a reading too few", (copy) => copy.samples.values.all.pop(), /"all" has \d+ readings for \d+ times/],
    [
      "whose headline is no channel",
      (copy) => (copy.source.headline = ["psys"]),
      /the headline names "psys", and there is no such channel/,
    ],
    [
      "that counts a part twice",
      (copy) => {
        copy.source.channels.push({ ...copy.source.channels[0], id: "part" });
        copy.source.channels[0].contains = ["part"];
        copy.source.headline = ["all", "part"];
        copy.samples.values.part = copy.samples.values.all;
      },
      /the headline counts "all" and a part of it/,
    ],
    ["with two channels of one name", (copy) => copy.source.channels.push(copy.source.channels[0]), /two channels "all"/],
    ["whose marks overlap", (copy) => (copy.marks[1].start -= 1e6), /marks.1 ends before it starts, or begins before/],
    ["of a newer version", (copy) => (copy.version = 2), /E_VERSION .*update Swivel/],
    ["of something else", (copy) => (copy.format = "x"), /E_FORMAT the format of the record is "x"/],
  ])("%s is refused", (_, change, message) => expect(refused(change)).toThrow(message));

  it("that is no JSON is refused", () => expect(() => readRecord("{")).toThrow(/E_FORMAT the record is no JSON/));

  it("whose result was touched up is found out", () => {
    const copy = structuredClone(record);
    copy.result.comparisons[0].net.high -= 0.001;
    expect(differences(copy)).toEqual([expect.stringMatching(/^result\.comparisons\.0\.net\.high is stated as .* and the readings give/)]);
    const other = structuredClone(record);
    other.samples.values.all[100] += 3;
    expect(differences(other).length).toBeGreaterThan(0);
  });
});

describe("the page", () => {
  const page = renderReport(record);
  it("stands alone, without script, and names from files are text", () => {
    expect(page).not.toMatch(/<script|https?:\/\/|<link[^>]+href="(?!data:)/);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("a &amp; b");
  });
  it("shows the verdict, gross and net, the A/A run, the control, and marks every window", () => {
    expect(page).toContain(record.result.verdict.replaceAll("’", "’"));
    for (const text of ["in all", "above idle", "A against itself (A/A)", "the control against A", "95 % intervals"])
      expect(page).toContain(text);
    expect(page.match(/<rect class="zone [ABNC]"/g)).toHaveLength(80);
  });
  it("of a failed measurement says so first", () => {
    const failed = makeRecord({ ...marks, interrupted: true }, source, samples);
    expect(renderReport(failed)).toMatch(/<h1 class="failed">Not measured: it was stopped before its end/);
    expect(renderReport(makeRecord({ ...marks, marks: [] }, source, { t: [], values: { all: [] }, faults: [] }))).toContain(
      "There are no readings to draw",
    );
  });
});
