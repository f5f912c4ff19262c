/** Ways to say what is cut, and what is told of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { idxFiles } from "./data.ts";
import { expectRefusal, folder, json, put, swivel } from "./run.ts";

const ONE = ["--threads", "1"];
const prune = (...args: string[]) => ["prune", "net.safetensors", ...args, "--out", "cut.safetensors", ...ONE];
const file = (name: string, value: unknown): string => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return name;
};

beforeAll(() => json(["init", "--arch", "small-cnn", "--input", "1x12x12", "--classes", "4", "--out", "net.safetensors"]));

describe("what is cut", () => {
  it.each([
    ["--keep-macs", "macs"],
    ["--keep-params", "params"],
    ["--keep-bytes", "bytes"],
  ])("by %s", async (option, key) => {
    const { before, after, saved } = await json(prune(option, "0.4"));
    expect(after[key] / before[key]).toBeLessThanOrEqual(0.4);
    expect(after[key] / before[key]).toBeGreaterThan(0.35);
    expect(saved[key]).toBeCloseTo(1 - after[key] / before[key], 12);
    const { bytes: _, ...inspected } = await json(["inspect", "cut.safetensors"]);
    expect(inspected).toMatchObject({ params: after.params, macs: after.macs });
  });

  it("by --percentile", async () => {
    expect((await json(prune("--percentile", "25"))).channels).toEqual({ total: 112, alive: 84 });
  });

  it("by a criterion that combines two", async () => {
    expect((await json(prune("--criterion", "slope-l1", "--percentile", "25"))).channels.alive).toBe(84);
  });

  it("in rounds, each of them fine-tuned", async () => {
    const data = put("four", idxFiles({ train: 40, test: 8, classes: 4 }));
    const result = await json(prune("--keep-macs", "0.25", "--rounds", "2", "--finetune", "1", "--data", data));
    const [first, second] = result.rounds;
    expect(result.rounds).toHaveLength(2);
    expect(first.after.macs / result.before.macs).toBeLessThanOrEqual(0.5);
    expect(second.after).toEqual({ params: result.after.params, macs: result.after.macs, bytes: result.after.bytes });
    expect(result.after.macs / result.before.macs).toBeLessThanOrEqual(0.25);
    expect(second.accuracy).toEqual({ cut: result.cut.accuracy, after: result.after.accuracy });
    expect(result.counting.before.macs).toBe(result.before.macs);
    expect(result.counting.true.after.macs).toBe(result.after.macs);
  });

  it("by a clock, which of all the time leaves everything", async () => {
    const { channels, time, before, after, saved } = await json(prune("--keep-time", "1"));
    expect(channels).toEqual({ total: 112, alive: 112 });
    expect(time).toEqual({
      ratio: { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) },
      backend: "wasm",
      threads: 1,
      batch: 1,
    });
    expect(saved.ms).toBeCloseTo(1 - time.ratio.value, 12);
    expect(before.ms > 0 && after.ms > 0).toBe(true);
  });
});

describe("survivors out of a file", () => {
  const half = Array.from({ length: 16 }, (_, c) => c % 2);

  it.each<[what: string, content: unknown, entry: string, left: number[]]>([
    ["as flags by name", { relu1: half }, "", [8, 32, 64]],
    ["as numbers by name", { relu2: 5, relu3: 64 }, "", [16, 5, 64]],
    ["as numbers in order", [16, 7, 9], "", [16, 7, 9]],
    ["as numbers in order, with the classes behind", [1, 2, 3, 4], "", [1, 2, 3]],
    ["as an entry among others", { "my/net": { alive: [4, 5, 6, 4], full: [16, 32, 64, 4] } }, "#my/net", [4, 5, 6]],
  ])("%s", async (_, content, entry, left) => {
    const { sites, channels } = await json(prune("--survivors", file("survivors.json", content) + entry));
    expect(sites.map(({ alive }: { alive: number }) => alive)).toEqual(left);
    expect(channels.alive).toBeLessThanOrEqual(channels.total);
  });

  it("are the best by the criterion where it says how many", async () => {
    const byCount = await json(prune("--survivors", file("survivors.json", { relu1: 3 })));
    const { threshold } = byCount;
    const same = await json(prune("--threshold", String(threshold), "--protect", "relu2", "relu3"));
    expect(same.after).toEqual(byCount.after);
  });

  it.each<[what: string, content: unknown, entry: string, ...words: (string | RegExp)[]]>([
    ["an activation that is none", { relu9: 3 }, "", /"relu9" is no activation/, /relu1, relu2, relu3/],
    ["more than there are", { relu1: 17 }, "", /"relu1" has 16 channels/, /17/],
    ["flags of another length", { relu1: [1, 0] }, "", /16 channels/, /\[1,0\]/],
    ["too few numbers", [1, 2], "", /2 numbers/, /3 activations/],
    ["a word", "all", "", /are no survivors/],
    ["another entry", { a: [1] }, "#b", /no entry "b"/, /there are a/],
  ])("with %s are refused", async (_, content, entry, ...words) => {
    const run = await swivel(prune("--survivors", file("bad.json", content) + entry));
    expectRefusal(run, "E_INPUT", /bad\.json/, ...words);
  });

  it("that the criterion cannot choose are refused", async () => {
    // the stem of a ResNet does not rotate
    await json(["init", "--arch", "resnet20", "--input", "3x8x8", "--out", "resnet.safetensors"]);
    const run = ["prune", "resnet.safetensors", "--survivors", file("stem.json", { relu1: 2 }), "--out", "never.safetensors"];
    expectRefusal(await swivel(run), "E_INPUT", /2 of the 16 channels of "relu1"/, /slope cannot say which: it is not rotated/);
  });

  it("are for one cut", async () => {
    expectRefusal(await swivel(prune("--survivors", "x.json", "--rounds", "2")), "E_OPTION", /--rounds/);
    expectRefusal(await swivel(prune("--survivors", "x.json", "--threshold", "1")), "E_OPTION", /--threshold and --survivors/);
    expectRefusal(await swivel(prune("--percentile", "101")), "E_OPTION", /--percentile 101/);
  });
});

describe("what is told", () => {
  it("is a picture of what is left, which goes along with the file", async () => {
    const { stdout } = await swivel(prune("--survivors", file("told.json", [4, 1, 64])));
    const [first, second] = [`relu1  ${"█".repeat(6)}${"░".repeat(18)}  4 of 16`, `relu2  █${"░".repeat(23)}  1 of 32`];
    expect(stdout).toContain(`${first}\n${second}\n1 other activation whole\n`);
    expect((await swivel(["inspect", "cut.safetensors"])).stdout).toContain(`${first}\n${second}\n`);
    await json(["pack", "cut.safetensors", "--out", "packed.safetensors"]);
    const left = [
      { name: "relu1", left: 4, of: 16 },
      { name: "relu2", left: 1, of: 32 },
      { name: "relu3", left: 64, of: 64 },
    ];
    expect((await json(["inspect", "packed.safetensors"])).channels).toEqual(left);
  });

  it("counts from the first cut when a network is cut again", async () => {
    await json(prune("--survivors", file("first.json", [8, 16, 32])));
    await json(["prune", "cut.safetensors", "--survivors", file("second.json", { relu3: 5 }), "--out", "twice.safetensors"]);
    const { channels } = await json(["inspect", "twice.safetensors"]);
    expect(channels.map(({ left, of }: { left: number; of: number }) => [left, of])).toEqual([
      [8, 16],
      [16, 32],
      [5, 64],
    ]);
  });

  it("counts slopes up to a threshold as dead, where nothing is cut yet", async () => {
    const none = await json(["inspect", "net.safetensors"]);
    expect(none.channels.map(({ left, of }: { left: number; of: number }) => left - of)).toEqual([0, 0, 0]);
    const all = await json(["inspect", "net.safetensors", "--threshold", "1.5"]);
    expect(all.channels.map(({ left }: { left: number }) => left)).toEqual([0, 0, 0]);
  });

  it("has both countings", async () => {
    const { counting, saved } = await json(prune("--keep-macs", "0.5"));
    expect(counting.true.saved.macs).toBeCloseTo(saved.macs, 12);
    expect(counting.reported.saved).toEqual(counting.true.saved);
    expect((await swivel(prune("--keep-macs", "0.5"))).stdout).toMatch(/saved by the authors' counting +[\d.]+ % +[\d.]+ %\n/);
  });

  it("are groups, in words and in JSON", async () => {
    const { stdout } = await swivel(["inspect", "net.safetensors", "--groups"]);
    expect(stdout).toMatch(/\nrelu1: 16 channels, slope relu1\.slope\[c\]\n {2}from {2}bn1\.weight\[c\]/);
    const { groups } = await json(["inspect", "net.safetensors", "--groups"]);
    expect(groups.map(({ site }: { site: string }) => site)).toEqual(["relu1", "relu2", "relu3"]);
    expect((await json(["inspect", "net.safetensors"])).groups).toBeUndefined();
  });
});
