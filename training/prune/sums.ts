/** Sums and products of channels that are partly live, partly constant: adds, concatenations and moves of channels after a cut. */
import type { Node } from "../../src/graph/graph.ts";
import type { CutWriter, Stored, Target } from "./cut_writer.ts";
import { ABSENT } from "./filters.ts";
import type { Liveness } from "./liveness.ts";
import { LIVE, type Link, type LinkedWire } from "./wiring.ts";

/** The live channels of one input, and where among the wanted ones they land. */
interface Term {
  readonly value: string;
  readonly channels: readonly number[];
  readonly places: readonly number[];
}

type Draft = Pick<Node, "op" | "inputs"> & Partial<Pick<Node, "attrs">>;

/**
 * y = Σ of the inputs' channels that land on each wanted one. Inputs that reach every wanted channel are added; others are scattered into the
 * sum of those, or into the constants. Parts that lie one after another are concatenated, and a single input is only gathered.
 */
export function writeSum(writer: CutWriter, wire: LinkedWire, wanted: readonly number[], liveness: Liveness): Stored {
  const terms = wire.links.map((link) => termOf(link, wanted, liveness)).filter((term) => term.places.length > 0);
  const constant = constantOf(writer, wire, wanted);
  const target: Target = { node: wire.node.name, value: writer.nameFor(wire.y, wanted) };
  const [first] = terms;
  const gathered = first && terms.length === 1 && constant === undefined;
  const name = gathered ? writer.read(first.value, first.channels, target) : writeTerms(writer, terms, constant, wanted.length, target);
  return { name, channels: wanted };
}

function termOf({ value, from }: Link, wanted: readonly number[], { states }: Liveness): Term {
  const live = (j: number): boolean => (from[j] as number) >= 0 && states.get(value)?.[from[j] as number] === LIVE;
  const places = wanted.flatMap((j, place) => (live(j) ? [place] : []));
  return { value, places, channels: places.map((place) => from[wanted[place] as number] as number) };
}

function writeTerms(writer: CutWriter, terms: readonly Term[], constant: string | undefined, count: number, target: Target): string {
  const read = ({ value, channels }: Term): string => writer.read(value, channels);
  const full = terms.filter((term) => term.places.length === count);
  const partial = terms.filter((term) => term.places.length < count);
  const addends = full.slice(1).map(read);
  const drafts: Draft[] = [];
  /** Stands for the node before. */
  let before: string | undefined;
  const [start] = full;
  if (start) before = read(start);
  else if (terms.flatMap((term) => term.places).every((place, i) => place === i)) {
    drafts.push({ op: "concat", inputs: Object.fromEntries(partial.splice(0).map((term, i) => [`x${i}`, read(term)])) });
  } else {
    before = constant;
    constant = undefined;
  }
  if (constant !== undefined) addends.push(constant);
  for (const term of partial)
    drafts.push({ op: "scatter_add_channels", inputs: { x: read(term) }, attrs: { index: term.places, channels: count } });
  for (const b of addends) drafts.push({ op: "add", inputs: { b } });

  drafts.forEach((draft, i) => {
    const last = i === drafts.length - 1;
    const slot = draft.op === "add" ? "a" : "base";
    const inputs = before === undefined ? draft.inputs : { [slot]: before, ...draft.inputs };
    const name = last ? target.node : writer.rewriter.fresh(`${target.node}.part`);
    before = writer.rewriter.append({ ...draft, inputs, name }, last ? target.value : undefined);
  });
  return before as string;
}

/** The sum of the constant channels that land on the wanted ones, as a state; undefined where it is zero. A lone parameter stays itself. */
function constantOf(writer: CutWriter, wire: LinkedWire, wanted: readonly number[]): string | undefined {
  const parts = wire.links
    .map(({ value, from }) => ({ value, channels: wanted.map((j) => from[j] as number) }))
    .filter(({ value, channels }) => writer.isNonZero(value, channels));
  const [part] = parts;
  if (!part) return undefined;
  if (parts.length === 1 && writer.tensor(part.value) && !part.channels.includes(ABSENT)) return writer.constant(part.value, part.channels);
  const sum = parts
    .map(({ value, channels }) => writer.constantMap(value, channels))
    .reduce((a, b) => a.map((number, i) => number + (b[i] as number)));
  return sum.some((number) => number !== 0) ? writer.state(`${wire.node.name}.constant`, wire.y, sum) : undefined;
}

/** a · b, where an operand that is constant on all wanted channels stays one map for the whole batch. */
export function writeProduct(writer: CutWriter, wire: LinkedWire, wanted: readonly number[], { states }: Liveness): Stored {
  const target: Target = { node: wire.node.name, value: writer.nameFor(wire.y, wanted) };
  const isConstant = ({ value }: Link): boolean => wanted.every((j) => states.get(value)?.[j] !== LIVE);
  const [a, b] = wire.links as [Link, Link];
  const [live, other] = isConstant(a) ? [b, a] : [a, b];
  const ones = isConstant(other) && writer.constantMap(other.value, wanted).every((number) => number === 1);
  if (ones) return { name: writer.read(live.value, wanted, target), channels: wanted };
  const inputs = {
    a: writer.read(live.value, wanted),
    b: isConstant(other) ? writer.constant(other.value, wanted) : writer.read(other.value, wanted),
  };
  return { name: writer.rewriter.append({ op: "mul", name: target.node, inputs }, target.value), channels: wanted };
}
