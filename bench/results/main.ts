/**
 * `npm run results`: writes docs/results.md from the records. `-- --check`: changes nothing, fails where it would or where a record or claim does not hold.
 * `-- run PLAN --data DIR [--only arm,arm] [--seed 0,1]`: runs arms, each from where it stands. `-- plans`: what there is. `-- repeat RECORD --data DIR`: trains
 * anew what a record tells of.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, SwivelError } from "swivel-nn";
import { datasets, recipes } from "swivel-nn/training";
import { root } from "../../tools/entries.ts";
import { percent } from "./judge.ts";
import { pageOf } from "./page.ts";
import { type Plan, plans } from "./plans.ts";
import { checkRecord, readRecords, recordName } from "./record.ts";
import { compareRepetition, recordAt, repeat } from "./repeat.ts";
import { currentCommit, runArm } from "./run.ts";
import { type Claim, parseClaims, problemsOf, sameJson } from "./summary.ts";

const RECORDS = join(root, "results");
const DOCS = join(root, "docs");
const USAGE = `npm run results [-- --check]
npm run results -- plans
npm run results -- run PLAN --data DIR [--only arm,arm] [--seed 0,1] [--threads N] [--again]
  runs that have a record are left out; --again tests and times them once more, and trains only what is not kept
  to try it out, not for the page: [--limit N] [--epochs N] with --out FOLDER
npm run results -- repeat RECORD --data DIR [--threads N]
  trains anew, from nothing, what a record tells of, and says whether the numbers come out the same; changes nothing`;

const wrong = (what: string): InputError => new InputError("E_OPTION", `${what}\n${USAGE}`);

function readClaims(): Claim[] {
  const path = join(RECORDS, "claims.json");
  return existsSync(path) ? parseClaims(JSON.parse(readFileSync(path, "utf8"))) : [];
}

/** Writes the page and its plots; with `check` says what would change instead. */
function write(check: boolean): void {
  const [records, claims] = [readRecords(RECORDS), readClaims()];
  const problems = problemsOf(plans, records, claims);
  const { markdown, plots } = pageOf(plans, records, claims);
  const files: Record<string, string> = { "results.md": markdown, ...plots };
  const images = join(DOCS, "images");
  const stale = readdirSync(images).filter((name) => /^results-.*\.svg$/.test(name) && !Object.hasOwn(files, `images/${name}`));
  for (const [name, text] of Object.entries(files)) {
    const path = join(DOCS, name);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    if (check) problems.push(`docs/${name} is not what the records say; run npm run results`);
    else writeFileSync(path, text);
  }
  for (const name of stale) {
    if (check) problems.push(`docs/images/${name} has no records; run npm run results`);
    else rmSync(join(images, name));
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`docs/results.md: ${records.length} records, ${claims.length} claims`);
}

interface Chosen {
  readonly plan: Plan;
  readonly runs: readonly { readonly arm: Plan["arms"][number]; readonly seed: number }[];
}

function chosen(name: string | undefined, only: string | undefined, seed: string | undefined): Chosen {
  const plan = plans.find((each) => each.name === name);
  if (!plan) throw wrong(`no plan "${name ?? ""}"; there are ${plans.map((each) => each.name).join(", ")}`);
  const names = only?.split(",") ?? plan.arms.map((arm) => arm.name);
  const unknown = names.find((each) => !plan.arms.some((arm) => arm.name === each));
  if (unknown !== undefined) throw wrong(`${plan.name} has no arm "${unknown}"; there are ${plan.arms.map((arm) => arm.name).join(", ")}`);
  const seeds = seed?.split(",").map((text) => integer("seed", text, 0)) ?? plan.seeds;
  return {
    plan,
    runs: seeds.flatMap((each) => plan.arms.filter((arm) => names.includes(arm.name)).map((arm) => ({ arm, seed: each as number }))),
  };
}

function integer(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw wrong(`--${option} ${text}: give an integer of ${least} or more`);
}

/** Whether there is a record by this very recipe. */
function isDone(out: string, plan: Plan, recipe: recipes.StagedRecipe, seed: number): boolean {
  const file = join(out, plan.name, recordName({ arm: recipe.name, seed }));
  return existsSync(file) && sameJson(checkRecord(JSON.parse(readFileSync(file, "utf8")), file).recipe, recipe);
}

type Given = Readonly<Partial<Record<"data" | "only" | "seed" | "threads" | "limit" | "epochs" | "out", string>>>;

async function run(name: string | undefined, given: Given, again: boolean): Promise<void> {
  const { plan, runs } = chosen(name, given.only, given.seed);
  const [limit, epochs, threads] = [
    integer("limit", given.limit, 20),
    integer("epochs", given.epochs, 1),
    integer("threads", given.threads, 1),
  ];
  const out = resolve(given.out ?? RECORDS);
  if ((limit ?? epochs) !== undefined && out === RECORDS)
    throw wrong("--limit and --epochs are for trying; name a folder of its own with --out");
  const dataset = await open(plan, given.data, limit);
  const signal = interrupted();
  for (const { arm, seed } of runs) {
    const recipe = epochs === undefined ? arm.recipe : recipes.override(arm.recipe, { epochs });
    if (!again && isDone(out, plan, recipe, seed)) {
      console.log(`${arm.name}, seed ${seed}: has a record`);
      continue;
    }
    const more = [limit === undefined ? "" : ` --limit ${limit}`, epochs === undefined ? "" : ` --epochs ${epochs}`].join("");
    const record = await runArm({
      plan: plan.name,
      recipe,
      seed,
      dataset,
      threads: threads ?? "auto",
      command: `npm run results -- run ${plan.name} --data DIR --only ${arm.name} --seed ${seed}${more}`,
      attacked: plan.attacked?.includes(arm.name),
      out,
      work: out === RECORDS ? join(root, "build", "results") : join(out, "work"),
      signal,
      tell: (text) => console.error(text),
    });
    const { before, after } = record;
    console.log(
      `${arm.name}, seed ${seed}: ${percent(before.accuracy)} before, ${percent(after.accuracy)} after, ${(after.macs / 1e6).toFixed(2)} M multiply-adds`,
    );
  }
  console.log(`records in ${relative(process.cwd(), join(out, plan.name))}; npm run results writes the page`);
}

async function runAgain(path: string | undefined, given: Given): Promise<void> {
  if (path === undefined) throw wrong("repeat needs a record, such as results/fashion-lenet/relu-seed0.json");
  const record = recordAt(path);
  const plan = plans.find(({ name }) => name === record.plan);
  if (!plan) throw wrong(`${path} is of plan "${record.plan}", which there is not`);
  const threads = integer("threads", given.threads, 1) ?? "auto";
  const dataset = await open(plan, given.data);
  const again = await repeat(record, { dataset, threads, signal: interrupted(), tell: (text) => console.error(text) });
  const { same, sentence } = compareRepetition(record, again, readRecords(RECORDS));
  console.log(sentence);
  if (!same && record.commits.includes(currentCommit())) process.exitCode = 1;
}

/** The plan's data, whole unless limited. */
async function open(plan: Plan, folder: string | undefined, limit?: number): Promise<datasets.Dataset> {
  if (folder === undefined) throw wrong(`${plan.name} needs --data, a folder with ${plan.title.split(",")[0]}`);
  const dataset = await datasets.openDataset(folder, { limit: { train: limit, test: limit } });
  const train = dataset.train.count + dataset.validation.count;
  if (limit === undefined && (train !== plan.images.train || dataset.test.count !== plan.images.test))
    throw wrong(`${folder} has ${train} and ${dataset.test.count} images, ${plan.name} needs ${plan.images.train} and ${plan.images.test}`);
  return dataset;
}

/** Aborted when the user stops the process, so that a run keeps what it has. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort(new Error(signal)));
  return controller.signal;
}

async function main(): Promise<void> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const options = {
    check: flag,
    again: flag,

    data: text,
    only: text,
    seed: text,
    threads: text,
    limit: text,
    epochs: text,
    out: text,
  } as const;
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const { check = false, again = false, ...given } = values;
  const [command, name] = positionals;
  if (command === "run") return run(name, given, again);
  if (command === "repeat" && !again && Object.keys(given).every((key) => key === "data" || key === "threads"))
    return runAgain(name, given);
  if (again || Object.keys(given).length > 0) throw wrong("these options go with run");
  if (command === undefined) return write(check);
  if (command !== "plans") throw wrong(`no command "${command}"`);
  for (const plan of plans) console.log(`${plan.name}: ${plan.title}\n  ${plan.arms.map((arm) => arm.name).join(", ")}`);
}

main().then(
  // threads would keep the process
  () => process.exit(),
  (error: Error) => {
    const usage = error instanceof SwivelError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
    console.error(usage ? error.message : error);
    process.exit(1);
  },
);
