/** Results: what may be said of records, the page made of them, and runs that are killed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { attacks } from "../../bench/results/attacks.ts";
import { percent } from "../../bench/results/judge.ts";
import { pageOf } from "../../bench/results/page.ts";
import { type Plan, plans } from "../../bench/results/plans.ts";
import { checkRecord, type RunRecord, readRecords, recordName } from "../../bench/results/record.ts";
import { compareRepetition, repeat } from "../../bench/results/repeat.ts";
import { readLogs, runArm } from "../../bench/results/run.ts";
import { parseClaims, problemsOf, rowsOf, verdictOf } from "../../bench/results/summary.ts";
import { root } from "../../tools/entries.ts";
import { attackSettings } from "../../training/attack.ts";
import { datasetFromIdx } from "../../training/data/index.ts";
import { chain, override, parseStagedRecipe, recipeNamed } from "../../training/recipes/index.ts";
import { idxFiles } from "../cli/data.ts";

const folder = mkdtempSync(join(tmpdir(), "swivel-results-"));
afterAll(() => rmSync(folder, { recursive: true }));

const dense = override(recipeNamed("rrelu"), { arch: "small-cnn", epochs: 2, batchSize: 20, flip: false, crop: 0 });
const half = { kind: "cut", criterion: "slope", goal: { keepMacs: 0.5 }, minimum: 2 } as const;
const tail = override(recipeNamed("finetune"), { epochs: 1, batchSize: 20, flip: false, crop: 0 });
const arms = ["a", "b", "c"].map((name) => ({ name, family: name, recipe: chain(name, "…", dense, half, tail) }));
const plan: Plan = {
  name: "toy",
  title: "Toy, a small network",
  images: { train: 80, test: 20 },
  seeds: [0, 1],
  arms,
  pairs: [
    ["a", "b"],
    ["a", "c"],
  ],
  notes: ["A note."],
};

const machine = { cpu: "a processor", cores: 2, engine: "Node", platform: "linux" };
const facts = (accuracy: number, macs: number) => ({ accuracy, macs, params: 10, bytes: 100 });
const saved = { params: 0.25, macs: 0.5, bytes: 0.25 };
const point = (stage: string, epoch: number) => ({ stage, epoch, loss: 1, accuracy: 0.5, seconds: 1 });

function recordOf(arm: string, seed: number, accuracy: number, more: Partial<RunRecord> = {}): RunRecord {
  return {
    version: 1,
    plan: "toy",
    arm,
    seed,
    command: "npm run results",
    commits: ["abc"],
    date: "2026-01-01",
    machine,
    data: { name: "toy", train: 70, validation: 10, test: 20 },
    recipe: plan.arms.find(({ name }) => name === arm)?.recipe ?? dense,
    curve: [point("training", 1), point("training", 2), point("fine-tuning", 1)],
    before: facts(0.95, 1000),
    cut: facts(0.4, 500),
    after: facts(accuracy, 500),
    saved,
    reported: { weights: 0.3, macs: 0.6 },
    time: { before: 2, after: 1, ratio: { value: 0.5, low: 0.49, high: 0.51 }, machine, date: "2026-01-01" },
    ...more,
  };
}

const records = [
  recordOf("a", 0, 0.93),
  recordOf("a", 1, 0.94),
  recordOf("b", 0, 0.9),
  recordOf("b", 1, 0.91),
  recordOf("c", 0, 0.92),
  recordOf("c", 1, 0.94),
];

describe("what may be said", () => {
  it.each<[what: string, records: RunRecord[], outcome: string, spread: number | undefined]>([
    ["beyond the spread", records.slice(0, 4), "better", 0.01],
    ["within the spread", [...records.slice(0, 2), recordOf("b", 0, 0.9), recordOf("b", 1, 0.95)], "open", 0.05],
    ["by one seed", [recordOf("a", 0, 0.99), recordOf("b", 0, 0.1)], "open", undefined],
    ["by one seed on one side", [...records.slice(0, 2), recordOf("b", 0, 0.1)], "open", undefined],
    ["the other way round", [recordOf("a", 0, 0.8), recordOf("a", 1, 0.8), ...records.slice(2, 4)], "worse", 0.01],
    ["at other multiply-adds", [...records.slice(0, 2), recordOf("b", 0, 0.9, { after: facts(0.9, 400) })], "not comparable", undefined],
  ])("%s", (_, some, outcome, spread) => {
    const verdict = verdictOf(rowsOf(plan, some), "a", "b");
    expect(verdict?.outcome).toBe(outcome);
    if (spread === undefined) expect(verdict?.spread).toBe(undefined);
    else expect(verdict?.spread).toBeCloseTo(spread, 12);
  });

  it("nothing of an arm that was not run", () => {
    expect(verdictOf(rowsOf(plan, records.slice(0, 2)), "a", "b")).toBe(undefined);
  });

  it("claims stand only beyond the spread", () => {
    const claim = (better: string, than: string) => ({ text: "it wins", plan: "toy", better, than });
    expect(problemsOf([plan], records, [claim("a", "b")])).toEqual([]);
    expect(problemsOf([plan], records, [claim("a", "c")])).toEqual([
      expect.stringMatching(/"it wins": a minus c is \+0\.50 points.*2\.00.*open/),
    ]);
    expect(problemsOf([plan], records, [claim("b", "a")])).toEqual([expect.stringMatching(/worse/)]);
    expect(problemsOf([plan], records, [claim("a", "d")])).toEqual([expect.stringMatching(/no records of a and d/)]);
    expect(() => parseClaims([{ text: "it wins" }])).toThrow(/E_FORMAT results\/claims\.json/);
  });

  it.each<[what: string, record: RunRecord, words: RegExp]>([
    [
      "of another recipe",
      recordOf("a", 0, 0.9, { recipe: override(arms[0]!.recipe, { rate: 0.2 }) }),
      /a, seed 0: the arm's recipe is another/,
    ],
    ["of an arm that is gone", recordOf("d", 0, 0.9), /no plan has such an arm/],
    ["of some of the images", recordOf("a", 0, 0.9, { data: { name: "toy", train: 7, validation: 1, test: 20 } }), /not all of the images/],
  ])("nothing by a record %s", (_, record, words) => {
    expect(problemsOf([plan], [record], [])).toEqual([expect.stringMatching(words)]);
  });
});

describe("records", () => {
  it("are read back as they were written, and are refused in another's place", () => {
    const own = join(folder, "records");
    mkdirSync(join(own, "toy"), { recursive: true });
    for (const record of records) writeFileSync(join(own, "toy", recordName(record)), JSON.stringify(record));
    expect(readRecords(own)).toEqual(records);
    writeFileSync(join(own, "toy", "a-seed7.json"), JSON.stringify(records[0]));
    expect(() => readRecords(own)).toThrow(/a-seed7\.json holds toy\/a-seed0\.json/);
    expect(readRecords(join(folder, "none"))).toEqual([]);
  });

  it.each<[what: string, record: unknown, words: RegExp]>([
    ["another version", { ...records[0], version: 2 }, /no record of version 1/],
    ["no commit", recordOf("a", 0, 0.9, { commits: [] }), /no commit/],
    ["no machine", recordOf("a", 0, 0.9, { machine: undefined as never }), /machine/],
    ["half a curve", recordOf("a", 0, 0.9, { curve: [point("training", 1)] }), /1 epochs, its recipe 3/],
    ["no accuracy", recordOf("a", 0, Number.NaN), /after is not measured/],
    ["an attack without outcome", { ...records[0], attacks: [{ images: 20, clean: 1 }] }, /attack is not measured/],
    ["a time without interval", { ...records[0], time: { before: 1, after: 1, ratio: { value: 1 } } }, /no interval/],
  ])("with %s are refused", (_, record, words) => {
    expect(() => checkRecord(record, "x.json")).toThrow(words);
  });
});

describe("the page", () => {
  const { markdown, plots } = pageOf([plan], records, []);

  it("has a row for each arm with its spread, and links each record", () => {
    expect(markdown).toContain("| a | 2 | 95.00 (95.00 to 95.00) | 40.00 | 93.50 (93.00 to 94.00) | 25.00 % | 50.00 % | 60.00 % |");
    for (const record of records) expect(markdown).toContain(`[${record.arm}](../results/toy/${recordName(record)})`);
    expect(markdown).toContain("A note.");
  });

  it("says what held up, what did not, and what cannot be told", () => {
    expect(markdown).toContain("- a is better than b: +3.00 points, the seeds spread over 1.00.");
    expect(markdown).toContain("- a and c: no difference that seeds do not make (+0.50 points, the seeds spread over 2.00).");
    expect(pageOf([plan], [recordOf("a", 0, 0.9), recordOf("b", 0, 0.8)], []).markdown).toMatch(/single seed that says nothing yet.*/);
    expect(pageOf([plan], [], []).markdown).toContain("Not yet run: `npm run results -- run toy --data DIR`.");
  });

  it("says in plain words what one seed an arm can say, and that a cut found nothing", () => {
    const whole = recordOf("a", 0, 0.9, { saved: undefined });
    const pair = pageOf([plan], [whole, recordOf("b", 0, 0.8), recordOf("c", 0, 0.7)], []).markdown;
    expect(pair).toContain("one seed an arm tells no arm from another");
    expect(pair).toContain("Reached: whole networks 90.00 %, cut ones 70.00 to 80.00 %.");
    expect(pair).not.toContain("nothing for");
    const idle = recordOf("b", 0, 0.9, { saved: { params: 0, macs: 0, bytes: 0 } });
    const single = pageOf([plan], [whole, idle], []);
    expect(single.markdown).toContain("one run says what can be reached, and nothing of what is better. Reached: whole networks 90.00 %.");
    expect(single.markdown).toContain("There was nothing for b to cut");
    // both arms are one point
    expect(single.plots).toEqual({});
    expect(single.markdown).not.toContain(".svg");
  });

  it("has a row for each arm that was attacked, only where one was", () => {
    const settings = attackSettings({ method: "pgd" });
    const facts = [{ settings, images: 20, clean: 0.9, adversarial: 0.25 }];
    const attacked = pageOf([plan], [recordOf("a", 0, 0.93, { attacks: facts }), ...records.slice(1)], []).markdown;
    expect(attacked).toContain("| arm | seeds | as they are | PGD 60 steps, 0.031 normalised |");
    expect(attacked).toContain("| a | 1 | 90.00 | 25.00 |");
    expect(markdown).not.toContain("attack");
  });

  it("has a plot with a point for each arm and no number that is none", () => {
    const svg = plots["images/results-toy.svg"] as string;
    expect(markdown).toContain("(images/results-toy.svg)");
    expect(svg.match(/<circle/g)).toHaveLength(6);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("of this repository is what its records say, and nothing in it is unfounded", () => {
    const own = readRecords(join(root, "results"));
    const path = join(root, "results", "claims.json");
    const claims = existsSync(path) ? parseClaims(JSON.parse(readFileSync(path, "utf8"))) : [];
    expect(problemsOf(plans, own, claims)).toEqual([]);
    const page = pageOf(plans, own, claims);
    expect(readFileSync(join(root, "docs", "results.md"), "utf8")).toBe(page.markdown);
    for (const [name, svg] of Object.entries(page.plots)) expect(readFileSync(join(root, "docs", name), "utf8")).toBe(svg);
  });
});

it("every arm of every plan is a recipe that reads back, under a name of its own, and every pair has its arms", () => {
  for (const { arms: own, pairs } of plans) {
    const names = own.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, recipe } of own) {
      // records are filed under it
      expect(recipe.name).toBe(name);
      expect(parseStagedRecipe(JSON.stringify(recipe))).toEqual(recipe);
      expect(recipe.stages[0]?.kind, name).toBe("train");
      expect(recipe.start, name).toBe("fresh");
    }
    for (const name of pairs.flat()) expect(names).toContain(name);
  }
});

describe("a run", async () => {
  const files = idxFiles({ train: 80, test: 20, classes: 4 });
  const named = (name: string) => ({ name, bytes: files[name] as Uint8Array });
  const dataset = await datasetFromIdx("toy", {
    train: { images: named("train-images-idx3-ubyte"), labels: named("train-labels-idx1-ubyte") },
    test: { images: named("t10k-images-idx3-ubyte"), labels: named("t10k-labels-idx1-ubyte") },
  });
  const options = (name: string, signal?: AbortSignal, tell: (text: string) => void = () => {}) => ({
    plan: "toy",
    recipe: arms[0]!.recipe,
    seed: 0,
    dataset,
    threads: 1,
    command: "npm run results",
    attacked: true,
    out: join(folder, name),
    work: join(folder, name, "work"),
    signal,
    tell,
  });
  const lasting = ({ time: _, curve, ...record }: RunRecord) => ({ ...record, curve: curve.map(({ seconds: __, ...rest }) => rest) });

  it("leaves a whole record, the same after it was stopped in each of its stages", async () => {
    const whole = await runArm(options("whole"));
    expect(checkRecord(JSON.parse(readFileSync(join(folder, "whole", "toy", "a-seed0.json"), "utf8")), "a")).toEqual(whole);
    expect(problemsOf([plan], [whole], [])).toEqual([]);
    expect(whole.after.macs / whole.before.macs).toBeLessThanOrEqual(0.55);
    expect(whole.attacks?.map(({ settings: { method, space } }) => `${method} ${space}`)).toEqual(
      attacks.map(({ method, space }) => `${method} ${space}`),
    );
    for (const { images, clean, adversarial } of whole.attacks ?? []) {
      expect(images).toBe(20);
      expect(clean).toBe(whole.after.accuracy);
      expect(adversarial).toBeLessThanOrEqual(clean);
    }
    expect(whole.curve.map(({ stage, epoch }) => `${stage} ${epoch}`)).toEqual(["training 1", "training 2", "fine-tuning 1"]);
    for (const words of [/training 1\/2/, /fine-tuning 1\/1/]) {
      const controller = new AbortController();
      const stop = (text: string) => words.test(text) && controller.abort();
      await runArm(options("stopped", controller.signal, stop)).catch((error) => expect(error.code).toBe("E_ABORTED"));
    }
    const told: string[] = [];
    expect(lasting(await runArm(options("stopped", undefined, (text) => told.push(text))))).toEqual(lasting(whole));
    expect(told.some((text) => text.includes("training 1/2"))).toBe(false);
    const again = await repeat(whole, { dataset, threads: 2, tell: () => {} });
    expect(compareRepetition(whole, again, [whole])).toEqual({
      same: true,
      sentence: `a, seed 0: the same again to the last bit, 3 epochs, ${percent(whole.after.accuracy)} at the end`,
    });
  });

  it("repeated with other bits says from where on, and what difference seeds make", () => {
    const [record, second] = records as [RunRecord, RunRecord];
    const other = {
      ...recordOf("a", 0, 0.9),
      curve: [point("training", 1), { ...point("training", 2), loss: 2 }, point("fine-tuning", 1)],
    };
    const { same, sentence } = compareRepetition(record, other, [record, second], "def");
    expect(same).toBe(false);
    expect(sentence).toBe(
      "a, seed 0: other bits from epoch 2 of training on: 90.00 % at the end, the record has 93.00 %; the arm's seeds lie between 93.00 % and 94.00 %; the record is of " +
        "commit abc, this is def: kernels that sum in another order round otherwise, and training makes much of little",
    );
    expect(compareRepetition(record, recordOf("a", 0, 0.9), [record], "abc").sentence).toBe(
      "a, seed 0: the same training, but other accuracies: 90.00 % at the end, the record has 93.00 %; the commit is the record's own, so that this should not be",
    );
  });

  it("reads logs with epochs done twice and lines cut short", () => {
    const path = join(folder, "log");
    const lines = ['{"commit":"x"}', JSON.stringify(point("s", 1)), '{"stage":"s","epo', JSON.stringify(point("s", 2)), '{"commit":"y"}'];
    writeFileSync(`${path}.jsonl`, `${[...lines, JSON.stringify({ ...point("s", 2), loss: 7 })].join("\n\n")}\n`);
    expect(readLogs([path])).toEqual({ curve: [point("s", 1), { ...point("s", 2), loss: 7 }], commits: ["y", "x"] });
  });
});
