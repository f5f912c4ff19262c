/** What a run leaves behind: one JSON file with everything that the page says, and what it takes to do it again. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "swivel-nn";
import { type AttackSettings, type measure, recipes } from "swivel-nn/training";

/** One network: its size packed, and the share of test images that it gets right. */
export interface NetworkFacts {
  readonly accuracy: number;
  readonly params: number;
  readonly macs: number;
  /** Of the packed file. */
  readonly bytes: number;
}

export interface CurvePoint {
  readonly stage: string;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validation?: { readonly loss: number; readonly accuracy: number };
  readonly seconds: number;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly engine: string;
  readonly platform: string;
}

/** `ratio` is after over before, in turns: packed, Wasm, one thread, one image at a time. */
export interface TimeFacts extends measure.Comparison {
  readonly machine: Machine;
  readonly date: string;
}

/** Shares of the first `images` test images that the network at the recipe's end gets right, as they are and moved. */
export interface AttackFacts {
  readonly settings: Required<AttackSettings>;
  readonly images: number;
  readonly clean: number;
  readonly adversarial: number;
}

export interface RunRecord {
  readonly version: 1;
  readonly plan: string;
  readonly arm: string;
  readonly seed: number;
  /** From the repository. */
  readonly command: string;
  /** All under which stages were trained, the last one first; a + behind one marks changes that were not committed. */
  readonly commits: readonly string[];
  readonly date: string;
  readonly machine: Machine;
  readonly data: { readonly name: string; readonly train: number; readonly validation: number; readonly test: number };
  readonly recipe: recipes.StagedRecipe;
  readonly curve: readonly CurvePoint[];
  /** The trained network, before any cut. */
  readonly before: NetworkFacts;
  /** Right after the cut. */
  readonly cut?: NetworkFacts;
  /** At the recipe's end. */
  readonly after: NetworkFacts;
  /** Fractions of the uncut network, nothing packed: in truth, and weights and multiply-adds by the authors' counting. */
  readonly saved?: { readonly params: number; readonly macs: number; readonly bytes: number };
  readonly reported?: { readonly weights: number; readonly macs: number };
  readonly time?: TimeFacts;
  /** Where the plan asks for them. */
  readonly attacks?: readonly AttackFacts[];
}

export const recordName = ({ arm, seed }: Pick<RunRecord, "arm" | "seed">): string => `${arm}-seed${seed}.json`;

/** All records below a folder, by plan, arm and seed. Throws InputError E_INPUT for a file that is no record, or lies in another's place. */
export function readRecords(folder: string): RunRecord[] {
  if (!existsSync(folder)) return [];
  const found: RunRecord[] = [];
  const plans = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: plan } of plans) {
    for (const file of readdirSync(join(folder, plan)).sort()) {
      const record = checkRecord(JSON.parse(readFileSync(join(folder, plan, file), "utf8")), `${plan}/${file}`);
      if (record.plan !== plan || recordName(record) !== file)
        throw new InputError("E_INPUT", `${plan}/${file} holds ${record.plan}/${recordName(record)}; rename it, or run it again`);
      found.push(record);
    }
  }
  return found;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === "string" && value.length > 0;

/** Throws InputError E_INPUT naming the file and what is wrong with it. */
export function checkRecord(json: unknown, file: string): RunRecord {
  const record = json as RunRecord;
  const fail = (what: string): InputError => new InputError("E_INPUT", `${file}: ${what}; run it again`);
  if (record?.version !== 1) throw fail("it is no record of version 1");
  for (const key of ["plan", "arm", "command", "date"] as const) if (!isText(record[key])) throw fail(`it has no ${key}`);
  if (!Number.isSafeInteger(record.seed)) throw fail("it has no seed");
  if (!Array.isArray(record.commits) || record.commits.length === 0) throw fail("it has no commit");
  if (!isText(record.machine?.cpu) || !isText(record.machine?.engine)) throw fail("it does not name its machine");
  if (!Array.isArray(record.curve) || record.curve.length === 0) throw fail("it has no curve");
  for (const [name, facts] of Object.entries({ before: record.before, after: record.after, cut: record.cut })) {
    if (name === "cut" && facts === undefined) continue;
    if (!facts || ![facts.accuracy, facts.params, facts.macs, facts.bytes].every(isNumber)) throw fail(`${name} is not measured`);
  }
  const { time } = record;
  if (time && ![time.before, time.after, time.ratio?.value, time.ratio?.low, time.ratio?.high].every(isNumber))
    throw fail("its times have no interval");
  for (const { images, clean, adversarial } of record.attacks ?? [])
    if (![images, clean, adversarial].every(isNumber)) throw fail("an attack is not measured");
  const epochs = record.recipe.stages.reduce((sum, stage) => sum + (stage.kind === "train" ? stage.epochs : 0), 0);
  if (record.curve.length !== epochs) throw fail(`its curve has ${record.curve.length} epochs, its recipe ${epochs}`);
  return { ...record, recipe: recipes.parseStagedRecipe(JSON.stringify(record.recipe)) };
}
