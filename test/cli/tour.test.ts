import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../cli/evaluate.ts";
import type { Report } from "../../cli/tour/record.ts";
import { Session } from "../../src/session.ts";
import { openDataset } from "../../training/data/index.ts";
import { idxFiles } from "./data.ts";
import { bytesOf, expectRefusal, folder, json, put, type Ran, swivel } from "./run.ts";

const TRAIN = 520;
const TEST = 104;
const data = put("letters", idxFiles({ train: TRAIN, test: TEST, classes: 26, first: 1 }));
const tour = (out: string, epochs = 1, seed = 3): string[] => {
  return ["tour", "--data", data, "--epochs", String(epochs), "--seed", String(seed), "--out", out, "--threads", "1"];
};
const FILES = ["dense.safetensors", "model.safetensors", "report.html", "report.json"];

let ran: Promise<Ran> | undefined;
/** One tour for all tests that look at what it leaves. */
const done = () => {
  ran ??= swivel([...tour("out"), "--json"]);
  return ran;
};
const reportOf = async (): Promise<Report> => {
  const { code, stderr } = await done();
  expect(code, stderr).toBe(0);
  return JSON.parse(bytesOf("out/report.json").toString());
};

describe("the tour", () => {
  it("leaves four files, prints the report on stdout and progress on stderr", async () => {
    const report = await reportOf();
    const { stdout, stderr } = await done();
    expect(readdirSync(join(folder, "out")).sort()).toEqual(FILES);
    expect(JSON.parse(stdout)).toEqual(report);
    for (const label of ["ReLU", "RReLU", "RReLU \\+ L1", "fine-tuning", "from scratch"])
      expect(stderr).toMatch(new RegExp(`^${label} +1/\\d  loss `, "m"));
  });

  it("reports in the published form", async () => {
    const report = await reportOf();
    const facts = { accuracy: expect.any(Number), params: expect.any(Number), macs: expect.any(Number), bytes: expect.any(Number) };
    const arm = { accuracy: expect.any(Number), aliveFilters: expect.any(Number), totalFilters: expect.any(Number) };
    const interval = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    const timing = { msPerImage: expect.any(Number) };
    const timings = { dense: timing, packed: timing, ratio: interval };
    const unavailable = { unavailable: expect.stringMatching(/^[^;]+$/) };
    // some machines have an adapter, if only a software one
    const { webgpu } = report.backends;
    expect(report).toEqual({
      dataset: { name: "letters", train: expect.any(Number), validation: expect.any(Number), test: TEST },
      arms: ["ReLU", "RReLU", "RReLU + L1"].map((name) => ({ name, ...arm })),
      dense: facts,
      packed: facts,
      scratch: { accuracy: expect.any(Number) },
      saved: { params: expect.any(Number), macs: expect.any(Number), bytes: expect.any(Number) },
      difference: interval,
      threshold: expect.any(Number),
      backends: { wasm: timings, webgpu: "unavailable" in webgpu ? unavailable : { ...timings, adapter: expect.any(String) } },
      seed: 3,
      machine: expect.objectContaining({ cpu: expect.any(String), cores: expect.any(Number) }),
      seconds: expect.any(Number),
    });
    expect(report.dataset.train + report.dataset.validation).toBe(TRAIN);
  });

  it("reports fractions that fit together", async () => {
    const { arms, dense, packed, scratch, saved, difference, dataset } = await reportOf();
    const shares = [...arms, dense, packed, scratch].map(({ accuracy }) => accuracy);
    for (const share of shares) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
      expect(Number.isInteger(Math.round(share * dataset.test * 1e6) / 1e6)).toBe(true);
    }
    for (const key of ["params", "macs", "bytes"] as const) expect(saved[key]).toBeCloseTo(1 - packed[key] / dense[key], 12);
    expect(saved.macs).toBeGreaterThanOrEqual(0.5);
    expect(difference.value).toBeCloseTo(packed.accuracy - dense.accuracy, 12);
    expect(difference.low).toBeLessThanOrEqual(difference.value);
    expect(difference.high).toBeGreaterThanOrEqual(difference.value);
    expect(arms[0]).toMatchObject({ accuracy: dense.accuracy, aliveFilters: 112, totalFilters: 112 });
    for (const { aliveFilters, totalFilters } of arms) expect(aliveFilters).toBeLessThanOrEqual(totalFilters);
  });

  it.each(["dense", "packed"] as const)("leaves a %s network that a session runs as reported", async (which) => {
    const report = await reportOf();
    const file = `out/${which === "packed" ? "model" : which}.safetensors`;
    using session = await Session.load(bytesOf(file), { threads: 1 });
    const dataset = await openDataset(data);
    const { accuracy, n } = await evaluate(session, dataset, dataset.test, { batch: 10 });
    expect({ accuracy, n }).toEqual({ accuracy: report[which].accuracy, n: TEST });
    expect(session.classNames).toEqual(Array.from({ length: 26 }, (_, i) => String(i + 1)));
    expect(await json(["inspect", file])).toMatchObject({
      params: report[which].params,
      macs: report[which].macs,
      bytes: report[which].bytes,
    });
  });

  it("leaves a page that needs nothing else", async () => {
    const report = await reportOf();
    const page = bytesOf("out/report.html").toString();
    expect(page).toContain("<title>Swivel: letters</title>");
    expect(page).toContain(`${(100 * report.saved.macs).toFixed(1)}\u00a0%`);
    expect(page).not.toMatch(/(src|href)="(?!#|data:)/);
  });

  it("replaces what an earlier one left, prints a table of 80 columns, and repeats by its seed", async () => {
    const first = await reportOf();
    mkdirSync(join(folder, "again"));
    writeFileSync(join(folder, "again", "model.safetensors"), "old");
    const { code, stdout, stderr } = await swivel(tour("again"));
    expect(code, stderr).toBe(0);
    for (const row of ["accuracy", "parameters", "multiply-adds", "file", "ms per image, Wasm"])
      expect(stdout).toMatch(new RegExp(`^${row} .*\\d`, "m"));
    expect(stdout).toMatch(/95 % interval/);
    expect(stdout).toMatch(/trained from scratch: \d/);
    for (const line of [...stdout.split("\n"), ...stderr.split("\n")]) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const file of ["model.safetensors", "dense.safetensors"])
      expect(bytesOf(`again/${file}`).equals(bytesOf(`out/${file}`))).toBe(true);
    const { seconds: _, backends: __, ...facts } = first;
    expect(JSON.parse(bytesOf("again/report.json").toString())).toMatchObject(facts);
  });
});

describe("a tour", () => {
  it("that is interrupted leaves no file", async () => {
    const run = await swivel(tour("stopped", 30), {
      onStderr: (text, child) => /^RReLU /m.test(text) && !child.killed && child.kill("SIGINT"),
    });
    expectRefusal(run, "E_ABORTED", /training was interrupted/);
    expect(readdirSync(join(folder, "stopped"))).toEqual([]);
  });

  it("of one test image and three training images ends all the same", async () => {
    const few = put("few", idxFiles({ train: 3, test: 1, classes: 2 }));
    const { code, stdout, stderr } = await swivel(["tour", "--data", few, "--epochs", "1", "--out", "few-out", "--threads", "1"]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^1 test image: too few/m);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each<[what: string, data: () => string, out: string, code: "E_OPTION" | "E_FORMAT" | "E_SHAPE", words: RegExp]>([
    ["into a file", () => data, join("letters", "t10k-labels-idx1-ubyte"), "E_OPTION", /--out .* is not a folder/],
    ["of one class", () => put("one", idxFiles({ train: 9, test: 3, classes: 1 })), "never", "E_FORMAT", /one class only/],
    ["of images too small", () => put("small", idxFiles({ train: 9, test: 3, classes: 2, side: 3 })), "never", "E_SHAPE", /small-cnn/],
  ])("%s is refused", async (_, make, out, code, words) => {
    expectRefusal(await swivel(["tour", "--data", make(), "--epochs", "1", "--out", out]), code, words);
    expect(existsSync(join(folder, "never", "model.safetensors"))).toBe(false);
  });
});
