/** docs/results.md, from the records and nothing else. */
import type { Plan } from "./plans.ts";
import { plotOf } from "./plot.ts";
import { type AttackFacts, type RunRecord, recordName } from "./record.ts";
import { type Claim, points, type Row, rowsOf, type Spread, type Verdict, verdictOf } from "./summary.ts";

export interface Page {
  readonly markdown: string;
  /** File below docs/ → SVG. */
  readonly plots: Readonly<Record<string, string>>;
}

const percent = (fraction: number): string => (100 * fraction).toFixed(2);
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(head),
  row(head.map((_, i) => (i === 0 ? "---" : "--:"))),
  ...rows.map(row),
];

export function pageOf(plans: readonly Plan[], records: readonly RunRecord[], claims: readonly Claim[]): Page {
  const plots: Record<string, string> = {};
  const sections = plans.flatMap((plan) => {
    const rows = rowsOf(plan, records);
    if (showsMore(rows)) plots[plotName(plan)] = plotOf(`${plan.title}: accuracy against multiply-adds`, rows);
    return sectionOf(plan, rows);
  });
  const lines = [
    "# Results",
    "",
    "Made by `npm run results` from the records in [results/](../results/); `npm run results -- --check` fails where this page says anything else, where a",
    "record is incomplete or its recipe has changed, and where a claim is not larger than the spread over seeds. Do not edit it.",
    "",
    "Accuracies are on all test images, which were looked at once, when a run was over; thresholds and survivors come from the weights, and nothing was",
    "chosen on test images. Mean over seeds, and in brackets the lowest and the highest. *Before* is the trained network before the cut, *after cut* without and",
    "*after* with fine-tuning. Saved is what the cut network lacks; *reported* multiply-adds are by the method's authors' counting, where filters that write a",
    "residual stream count as cut. Time is of the packed network as a share of the packed one before the cut, of the first seed: Wasm, one thread, one image",
    "at a time, in turns.",
    "",
    "`npm run results -- repeat results/PLAN/RECORD --data DIR` trains anew what a record tells of. With the code of the record's commit the numbers are the same to the last",
    "bit, with any number of threads; later kernels may sum in another order, and then a run differs as one with another seed does.",
    "",
    ...claimsOf(claims),
    ...sections,
  ];
  return { markdown: `${lines.join("\n").trimEnd()}\n`, plots };
}

/** Whether a plot has more than one point to show. */
const showsMore = (rows: readonly Row[]): boolean => new Set(rows.map(({ macs, after }) => `${macs.mean} ${after.mean}`)).size > 1;

const plotName = (plan: Plan): string => `images/results-${plan.name}.svg`;

function claimsOf(claims: readonly Claim[]): string[] {
  if (claims.length === 0) return [];
  return ["## What held up", "", ...claims.map(({ text, plan, better, than }) => `- ${text} (${plan}: ${better} against ${than})`), ""];
}

function sectionOf(plan: Plan, rows: readonly Row[]): string[] {
  const head = [`## ${plan.title}`, "", ...plan.notes.flatMap((note) => [note, ""])];
  const missing = plan.arms.filter(({ name }) => !rows.some(({ arm }) => arm.name === name)).map(({ name }) => name);
  const absent = missing.length > 0 ? [`Not yet run: ${missing.join(", ")}.`, ""] : [];
  if (rows.length === 0) return [...head, `Not yet run: \`npm run results -- run ${plan.name} --data DIR\`.`, ""];
  return [
    ...head,
    ...table(
      ["arm", "seeds", "before, %", "after cut, %", "after, %", "parameters saved", "multiply-adds saved", "reported", "ms", "time, %"],
      rows.map(cellsOf),
    ),
    "",
    ...(showsMore(rows) ? [`![Accuracy against multiply-adds](${plotName(plan)})`, ""] : []),
    ...absent,
    ...attacksOf(rows),
    ...plan.pairs.flatMap(([arm, other]) => {
      const verdict = verdictOf(rows, arm, other);
      return verdict ? [`- ${sentenceOf(verdict)}`] : [];
    }),
    "",
    ...plainly(rows),
    "<details><summary>Records</summary>",
    "",
    ...table(
      ["record", "seed", "after, %", "commit", "date", "machine"],
      rows.flatMap(({ records }) => records.map(recordCells)),
    ),
    "",
    "</details>",
    "",
  ];
}

/** What a reader may take away where no difference can be told from a seed's. */
function plainly(rows: readonly Row[]): string[] {
  if (rows.length < 2 || rows.some(({ records }) => records.length > 1)) return [];
  const paramsOf = ({ records }: Row): number | undefined => records[0]?.saved?.params;
  const reach = (chosen: readonly Row[]): string => {
    const all = chosen.map(({ after }) => after.mean);
    const [low, high] = [percent(Math.min(...all)), percent(Math.max(...all))];
    return low === high ? `${low} %` : `${low} to ${high} %`;
  };
  const whole = rows.filter((row) => paramsOf(row) === undefined);
  const cut = rows.filter((row) => (paramsOf(row) ?? 0) > 0);
  const idle = rows.filter((row) => paramsOf(row) === 0);
  const kinds = Object.entries({ "whole networks": whole, "cut ones": cut }).flatMap(([kind, own]) =>
    own.length > 0 ? [`${kind} ${reach(own)}`] : [],
  );
  const one = whole.length + cut.length === 1 ? "one run says what can be reached, and nothing of what is better" : undefined;
  return [
    `In plain words: ${one ?? "one seed an arm tells no arm from another, and nothing is claimed of their order"}. Reached: ${kinds.join(", ")}.`,
    ...idle.map(({ arm }) => `There was nothing for ${arm.name} to cut: no filter of the trained network meets its condition.`),
    "",
  ];
}

/** A row for each arm that was attacked, means over seeds. */
function attacksOf(rows: readonly Row[]): string[] {
  const attacked = rows.map(({ arm, records }) => ({ arm, facts: records.flatMap(({ attacks }) => (attacks ? [attacks] : [])) }));
  const [first] = attacked.flatMap(({ facts }) => facts);
  if (!first) return [];
  const called = ({ settings: { method, steps, epsilon, space } }: AttackFacts): string =>
    `${method.toUpperCase()}${method === "pgd" ? ` ${steps} steps` : ""}, ${epsilon} ${space}`;
  const mean = (all: readonly (readonly AttackFacts[])[], pick: (attacks: readonly AttackFacts[]) => number): string =>
    percent(all.reduce((sum, attacks) => sum + pick(attacks), 0) / all.length);
  return [
    `Under attack, on the first ${first[0]?.images ?? 0} test images, in % right; ε in units of the normalised input, or of pixels from 0 to 1 that stay there:`,
    "",
    ...table(
      ["arm", "seeds", "as they are", ...first.map(called)],
      attacked
        .filter(({ facts }) => facts.length > 0)
        .map(({ arm, facts }) => [
          arm.name,
          String(facts.length),
          mean(facts, (attacks) => attacks[0]?.clean ?? Number.NaN),
          ...first.map((_, i) => mean(facts, (attacks) => attacks[i]?.adversarial ?? Number.NaN)),
        ]),
    ),
    "",
  ];
}

const withSpread = ({ mean, low, high }: Spread, count: number): string =>
  count === 1 ? percent(mean) : `${percent(mean)} (${percent(low)} to ${percent(high)})`;

function cellsOf({ arm, records, before, after }: Row): string[] {
  const n = records.length;
  const share = (pick: (record: RunRecord) => number | undefined): string => {
    const values = records.flatMap((record) => pick(record) ?? []);
    return values.length === 0 ? "" : `${percent(values.reduce((sum, value) => sum + value, 0) / values.length)} %`;
  };
  const cuts = records.flatMap(({ cut }) => (cut ? [cut.accuracy] : []));
  const times = records.flatMap(({ time }) => (time ? [time] : []));
  const ms = times.map((time) => `${time.before.toFixed(3)} → ${time.after.toFixed(3)}`)[0] ?? "";
  const ratio = times.map(({ ratio: { value, low, high } }) => `${percent(value)} (${percent(low)} to ${percent(high)})`)[0] ?? "";
  return [
    arm.name,
    String(n),
    withSpread(before, n),
    cuts.length === 0 ? "" : percent(cuts.reduce((sum, value) => sum + value, 0) / cuts.length),
    withSpread(after, n),
    share(({ saved }) => saved?.params),
    share(({ saved }) => saved?.macs),
    share(({ reported }) => reported?.macs),
    ms,
    ratio,
  ];
}

function recordCells(record: RunRecord): string[] {
  const { plan, arm, seed, after, commits, date, machine } = record;
  const place = `../results/${plan}/${recordName(record)}`;
  return [`[${arm}](${place})`, String(seed), percent(after.accuracy), commits.join(", "), date, `${machine.cpu}, ${machine.cores} cores`];
}

/** Says no more than the numbers. */
export function sentenceOf({ arm, other, difference, spread, outcome }: Verdict): string {
  const beside = `${points(difference)}`;
  if (outcome === "not comparable") return `${arm} and ${other} differ in multiply-adds and are not compared.`;
  if (spread === undefined) return `${arm} beside ${other}: ${beside}; with a single seed that says nothing yet.`;
  const against = `${beside}, the seeds spread over ${(100 * spread).toFixed(2)}`;
  if (outcome === "open") return `${arm} and ${other}: no difference that seeds do not make (${against}).`;
  return `${arm} is ${outcome} than ${other}: ${against}.`;
}
