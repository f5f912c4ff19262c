/** A record's run done anew from nothing, and whether that gives the record again. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { percent } from "./judge.ts";
import { checkRecord, type RunRecord } from "./record.ts";
import { currentCommit, type RunOptions, runArm } from "./run.ts";

type Ground = Omit<RunOptions, "plan" | "recipe" | "seed" | "command" | "attacked" | "out" | "work">;

/** Throws InputError E_INPUT for a file that is no record, and what `runArm` throws. */
export function recordAt(path: string): RunRecord {
  return checkRecord(JSON.parse(readFileSync(path, "utf8")), path);
}

/** Trains, cuts and tests as the record says, in a folder that is gone afterwards. */
export async function repeat({ plan, recipe, seed, command, attacks }: RunRecord, ground: Ground): Promise<RunRecord> {
  const folder = mkdtempSync(join(tmpdir(), "swivel-repeat-"));
  try {
    return await runArm({
      ...ground,
      plan,
      recipe,
      seed,
      command,
      attacked: attacks !== undefined,
      out: folder,
      work: join(folder, "work"),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Repetition {
  /** Every loss of every epoch, and every accuracy. */
  readonly same: boolean;
  /** For people. */
  readonly sentence: string;
}

/** `others`: the records of the same arm, whose spread says what a difference means. */
export function compareRepetition(record: RunRecord, again: RunRecord, others: readonly RunRecord[], commit = currentCommit()): Repetition {
  const { arm, seed, curve, commits } = record;
  const right = percent(record.after.accuracy);
  const at = curve.findIndex(({ loss }, i) => loss !== again.curve[i]?.loss);
  const same = at < 0 && record.before.accuracy === again.before.accuracy && record.after.accuracy === again.after.accuracy;
  if (same) return { same, sentence: `${arm}, seed ${seed}: the same again to the last bit, ${curve.length} epochs, ${right} at the end` };
  const own = others.filter((other) => other.plan === record.plan && other.arm === arm).map(({ after }) => after.accuracy);
  const where = at < 0 ? "the same training, but other accuracies" : `other bits from epoch ${curve[at]?.epoch} of ${curve[at]?.stage} on`;
  const seeds = own.length > 1 ? `; the arm's seeds lie between ${percent(Math.min(...own))} and ${percent(Math.max(...own))}` : "";
  const why = commits.includes(commit)
    ? "the commit is the record's own, so that this should not be"
    : `the record is of commit ${commits.join(" and ")}, this is ${commit}: kernels that sum in another order round otherwise, and training makes much of little`;
  return {
    same,
    sentence: `${arm}, seed ${seed}: ${where}: ${percent(again.after.accuracy)} at the end, the record has ${right}${seeds}; ${why}`,
  };
}
