/**
 * The savings of 13 published networks, counted as their authors count and as it is: every network is built, cut to the published widths, and counted
 * again. Where that differs from the published numbers, the cut network's output beside the masked one's shows which is right.
 */
import { InputError, Session, writeModel } from "swivel-nn";
import { measure, optimize, prune, Random } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { type Built, build, type Percent, type Published, published, survivorsOf } from "./counting/cuts.ts";
import { authorsCount, type Count, structureCount } from "./counting/widths.ts";
import { differenceFrom } from "./peers/compare.ts";
import { columns } from "./table.ts";

const INPUT = 3 * 32 * 32;
/** Published numbers have two decimals. */
const CLOSE = 0.0051;

interface Row {
  readonly network: string;
  /** Saved, in percent: by the authors' counting, by the structure of the cut network, and of everything that it is made of. */
  readonly reported: Percent;
  readonly true: Percent;
  readonly params: number;
  readonly macs: number;
  readonly bytes: number;
  readonly published: Pick<Published, "reported" | "true">;
  readonly notes: readonly string[];
  /** Milliseconds of the whole and of the cut network, and their ratio (cut / whole) with its 95 % interval. */
  readonly ms?: measure.Comparison;
}

export async function benchCounting(args: readonly string[]): Promise<Bench> {
  const { names, timed } = readArgs(args);
  const rows: Row[] = [];
  for (const name of names) rows.push(await count(name, published[name] as Published, timed));
  const head = ["network", "reported: weights", "MACs", "true: weights", "MACs", "parameters", "bytes", ...(timed ? ["time"] : [])];
  const lines = rows.map((row) => [
    row.network,
    ...[row.reported.params, row.reported.flops, row.true.params, row.true.flops, row.params, row.bytes].map(percent),
    ...(row.ms
      ? [
          `${percent(100 * (1 - row.ms.ratio.value))} (${percent(100 * (1 - row.ms.ratio.high))} to ${percent(100 * (1 - row.ms.ratio.low))})`,
        ]
      : []),
  ]);
  const notes = rows.flatMap(({ network, notes: own }) => own.map((note) => `${network}: ${note}`));
  const agreed = rows.filter((row) => row.notes.length === 0).length;
  const text = [
    columns([head, ...lines], 1),
    "",
    "All are per cent saved. Weights and MACs are those of convolutions and the classifier; parameters and bytes are of everything.",
    `${agreed} of ${rows.length} agree with the published numbers to the last digit.`,
    ...notes,
  ].join("\n");
  return { value: { rows }, text };
}

const percent = (value: number): string => value.toFixed(2);

function readArgs(args: readonly string[]) {
  let names = Object.keys(published);
  let timed = false;
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--measure") timed = true;
    else if (args[i] === "--networks") names = (args[++i] ?? "").split(",");
    else throw new InputError("E_OPTION", `no option ${args[i]}; counting takes --networks a,b and --measure`);
  }
  const unknown = names.find((name) => !Object.hasOwn(published, name));
  if (unknown !== undefined) throw new InputError("E_OPTION", `no network "${unknown}"; there are ${Object.keys(published).join(", ")}`);
  return { names, timed };
}

async function count(name: string, facts: Published, timed: boolean): Promise<Row> {
  const built = build(name, facts);
  const survivors = survivorsOf(built, facts.alive);
  const small = prune.cut(built.graph, built.tensors, survivors);
  const { counting, saved } = small.report;
  const reported = savedOf(authorsCount(facts.alive, built.full, built.family), authorsCount(built.full, built.full, built.family));
  const cut: Percent = { params: 100 * counting.true.saved.weights, flops: 100 * counting.true.saved.macs };
  const byWidths = savedOf(structureCount(facts.alive, built.full, built.family), structureCount(built.full, built.full, built.family));
  const notes = [...notesOf("reported", reported, facts, built, authorsCount), ...notesOf("true", byWidths, facts, built, structureCount)];
  if (!same(cut, byWidths)) notes.push(await whyMore(built, survivors, small, cut, byWidths));
  return {
    network: name,
    reported,
    true: cut,
    params: 100 * saved.params,
    macs: 100 * saved.macs,
    bytes: 100 * saved.bytes,
    published: { reported: facts.reported, true: facts.true },
    notes,
    ...(timed && { ms: await time(built, small) }),
  };
}

const savedOf = (after: Count, before: Count): Percent => ({
  params: 100 * (1 - after.weights / before.weights),
  flops: 100 * (1 - after.macs / before.macs),
});

const same = (a: Percent, b: Percent): boolean => Math.abs(a.params - b.params) < CLOSE && Math.abs(a.flops - b.flops) < CLOSE;
const both = ({ params, flops }: Percent): string => `${percent(params)} / ${percent(flops)}`;

/** Why a number is not the published one, as far as widths can tell. */
function notesOf(
  kind: "reported" | "true",
  found: Percent,
  facts: Published,
  { full, family }: Built,
  rule: typeof authorsCount,
): string[] {
  if (same(found, facts[kind])) return [];
  const ten = (widths: readonly number[]): number[] => [...widths.slice(0, -1), 10];
  const withTen = savedOf(rule(ten(facts.alive), ten(full), family), rule(ten(full), ten(full), family));
  const why = same(withTen, facts[kind])
    ? `${both(withTen)} is what a classifier of 10 classes gives; the network has ${full.at(-1)}`
    : "no reading of the widths that we know of gives that";
  return [`${kind} ${both(found)}, published ${both(facts[kind])}: ${why}`];
}

type Small = ReturnType<typeof prune.cut>;

async function whyMore(built: Built, survivors: prune.Survivors, small: Small, cut: Percent, byWidths: Percent): Promise<string> {
  const masked = prune.mask(built.graph, built.tensors, survivors);
  const [a, b] = [await run(masked), await run(small)];
  const worst = differenceFrom(a, b);
  const dead = Object.entries(survivors).filter(([, flags]) => !Array.from(flags, Boolean).includes(true));
  const why =
    dead.length > 0
      ? `${dead.map(([site]) => site).join(", ")} died whole, and what only it fed is constant`
      : "channels that nobody reads go too";
  return `the cut saves ${both(cut)}, widths alone say ${both(byWidths)}: ${why}. Right is the cut: its logits are the masked network's${worst === 0 ? ", bit by bit" : ` to ${worst.toExponential(1)} of the largest`}`;
}

type Network = Pick<Small, "graph" | "tensors">;

const image = (): Float32Array => {
  const random = new Random(1);
  return Float32Array.from({ length: INPUT }, () => random.normal());
};

const load = ({ graph, tensors }: Network): Promise<Session> =>
  Session.load(writeModel(optimize(graph, tensors)), { backend: "wasm", threads: 1 });

async function run(network: Network): Promise<number[]> {
  using session = await load(network);
  const { logits } = await session.run({ image: image() });
  return Array.from(logits as Float32Array);
}

async function time(whole: Network, small: Network): Promise<measure.Comparison> {
  using a = await load(whole);
  using b = await load(small);
  const input = image();
  // disposed only then
  return await measure.compareTimes(
    () => a.run({ image: input }),
    () => b.run({ image: input }),
  );
}
