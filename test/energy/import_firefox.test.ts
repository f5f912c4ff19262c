import { describe, expect, it } from "vitest";
import { readFirefox } from "../../energy/import/firefox.ts";
import { importRecording } from "../../energy/import/import.ts";
import { expectSaving, life } from "./recorded.ts";
import { marksOfLife, see } from "./simulate.ts";

describe("a Firefox profile", () => {
  const PWH = 3600e-12;
  const start = life.start - 5000;
  const { samples } = see(life, { kind: "counter", everyMs: 200 });
  /** Picowatt hours since the reading before; the first since anything. */
  const counts = (share: number) =>
    samples.values.all?.map((value, i, all) => Math.round((share * ((value as number) - (i > 0 ? (all[i - 1] as number) : -1e6))) / PWH)) ??
    [];
  const times = (from: number) => samples.t.map((t) => t - from);
  const gecko = (name: string, share: number, from: number, count = counts(share)) => ({
    name,
    category: "power",
    description: "Power utilization",
    samples: { schema: { time: 0, count: 1 }, data: times(from).map((t, i) => [t, count[i]]) },
  });
  const memory = { name: "malloc", category: "Memory", samples: { schema: { time: 0, count: 1, number: 2 }, data: [[0, 1, 1]] } };
  const profile = (counters: unknown[], more = {}) =>
    JSON.stringify({ meta: { version: 29, startTime: start, product: "Firefox" }, threads: [], counters, ...more });

  it("of Apple's chips is the sum of its processes, each with a start of its own", () => {
    const child = { meta: { startTime: start + 1234 }, threads: [], counters: [gecko("Process Power", 0.4, start + 1234)], processes: [] };
    const recording = readFirefox(profile([memory, gecko("Process Power", 0.6, start)], { processes: [child] }));
    expect(recording.source.headline).toHaveLength(2);
    expectSaving(importRecording(marksOfLife(life), recording));
  });

  it("of other processors is the package, and its parts stand beside it", () => {
    const recording = readFirefox(
      profile([gecko("Power: CPU cores", 0.5, start), gecko("Power: CPU package", 1, start), gecko("Power: DRAM", 0.1, start)]),
    );
    expect(recording.source.headline).toEqual(["Power: CPU package 0.1"]);
    expect(recording.source.channels[1]?.contains).toEqual(["Power: CPU cores 0.0"]);
    expectSaving(importRecording(marksOfLife(life), recording));
  });

  it.each([
    ["times", () => ({ time: times(start) })],
    ["steps of time", () => ({ timeDeltas: times(start).map((t, i, all) => t - (i > 0 ? (all[i - 1] as number) : 0)) })],
  ])("as profiler.firefox.com saves it, with %s", (_, columns) => {
    const counter = {
      name: "Process Power",
      category: "power",
      pid: "77",
      mainThreadIndex: 0,
      samples: { ...columns(), count: counts(1), length: samples.t.length },
    };
    expectSaving(importRecording(marksOfLife(life), readFirefox(profile([counter]))));
  });

  it("of older versions has sample groups", () => {
    const { samples: table, ...rest } = gecko("Process Power", 1, start);
    expectSaving(importRecording(marksOfLife(life), readFirefox(profile([{ ...rest, sample_groups: [{ id: 0, samples: table }] }]))));
  });

  it.each([
    ["no JSON", "{", "E_FORMAT"],
    ["something else", '{"a":1}', "E_FORMAT"],
    ["a list", "[]", "E_FORMAT"],
    ["no power", profile([memory]), "E_SOURCE"],
    ["no start", JSON.stringify({ meta: {}, counters: [] }), "E_FORMAT"],
    ["a track without samples", profile([{ name: "Process Power", category: "power" }]), "E_FORMAT"],
  ])("with %s is refused", (_, text, code) => {
    expect(() => readFirefox(text)).toThrow(new RegExp(`^${code} `));
  });
});
