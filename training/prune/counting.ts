/**
 * Savings by two countings of the weights and multiply-adds of convolutions and linear layers, without biases, norms and slopes: what the cut network
 * lacks, and what the method's authors report. They let every convolution keep the filters whose next activation survives. After an activation that
 * follows a sum that is true; before one, the filter writes a residual stream that others read, and stays.
 */
import { type Graph, type Node, sizeOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { opOf } from "../../src/graph/verify.ts";
import { isActivation } from "../../src/ops/activation.ts";
import { ops } from "../../src/ops/index.ts";
import { deadChannels, type Survivors } from "./survivors.ts";
import { channelCount, kindOf, linksOf } from "./wiring.ts";

/** Weights of convolutions and dense layers alone, as the method's authors count, and their multiply-adds. */
export interface Count {
  readonly weights: number;
  /** Multiply-adds per example. */
  readonly macs: number;
}

/** What a cut saves, counted in two ways. */
export interface Counting {
  readonly before: Count;
  /** By the authors' counting; `saved` are fractions. */
  readonly reported: { readonly after: Count; readonly saved: Count };
  /** By what the cut network is made of. */
  readonly true: { readonly after: Count; readonly saved: Count };
}

/** `small` is what a cut of `graph` to these survivors left. Nothing may be fused in either. */
export function countingOf(graph: Graph, small: Graph, survivors: Survivors): Counting {
  return countingFrom(countOf(graph), reportedCount(graph, survivors), countOf(small));
}

/** Of several cuts, from before the first to after the last. */
export const joinCountings = (first: Counting, last: Counting): Counting =>
  countingFrom(first.before, last.reported.after, last.true.after);

function countingFrom(before: Count, reported: Count, small: Count): Counting {
  const share = (after: number, all: number): number => (all === 0 ? 0 : 1 - after / all);
  const savings = (after: Count) => ({
    after,
    saved: { weights: share(after.weights, before.weights), macs: share(after.macs, before.macs) },
  });
  return { before, reported: savings(reported), true: savings(small) };
}

/** Filters × columns of a node's weights, and what each such pair costs. */
function pairsOf(graph: Graph, node: Node): { readonly pairs: number; readonly taps: number; readonly macs: number } {
  const def = opOf(node, ops);
  const { shape } = graph.values[node.inputs.w as string] as { shape: readonly number[] };
  const pairs = sizeOf(shape.slice(0, 2));
  return { pairs, taps: sizeOf(shape.slice(2)), macs: def.macs(bindNode(graph, node, def, 1)) / Math.max(1, pairs) };
}

const filtersOf = (graph: Graph): Node[] => graph.nodes.filter((node) => kindOf(node) === "mix");

function sum(counts: readonly Count[]): Count {
  return counts.reduce((a, b) => ({ weights: a.weights + b.weights, macs: a.macs + b.macs }), { weights: 0, macs: 0 });
}

function countOf(graph: Graph): Count {
  return sum(
    filtersOf(graph).map((node) => {
      const { pairs, taps, macs } = pairsOf(graph, node);
      return { weights: pairs * taps, macs: pairs * macs };
    }),
  );
}

function reportedCount(graph: Graph, survivors: Survivors): Count {
  const dead = deadChannels(graph, survivors);
  const alive = aliveBefore(graph, dead);
  return sum(
    filtersOf(graph).map((node) => {
      const { taps, macs } = pairsOf(graph, node);
      const x = alive.get(node.inputs.x as string) as Uint8Array;
      const y = aliveAfter(graph, node.outputs.y as string, dead);
      const perGroup = graph.values[node.inputs.w as string]?.shape[1] as number;
      const filters = y.length / (x.length / perGroup);
      let pairs = 0;
      y.forEach((keeps, o) => {
        const start = Math.floor(o / filters) * perGroup;
        if (keeps) pairs += x.subarray(start, start + perGroup).reduce((count, flag) => count + flag, 0);
      });
      return { weights: pairs * taps, macs: pairs * macs };
    }),
  );
}

type Dead = ReadonlyMap<string, Uint8Array>;

/** Value → 1 for each channel that no dead activation before it has taken away. */
function aliveBefore(graph: Graph, dead: Dead): Map<string, Uint8Array> {
  const alive = new Map<string, Uint8Array>();
  const of = (value: string): Uint8Array => alive.get(value) ?? new Uint8Array(channelCount(graph, value)).fill(1);
  for (const name of graph.inputs) alive.set(name, of(name));
  for (const node of graph.nodes) {
    const y = node.outputs.y as string;
    const flags = of(y);
    const gone = dead.get(node.name);
    const links = kindOf(node) === "mix" || kindOf(node) === "whole" ? [] : linksOf(graph, node, flags.length);
    alive.set(
      y,
      flags.map((_, j) => {
        const sources = links.filter(({ from }) => (from[j] as number) >= 0);
        const lives = sources.map(({ value, from, count }) =>
          of(value)
            .subarray(from[j], (from[j] as number) + count)
            .includes(1),
        );
        return Number(!gone?.[j] && (lives.length === 0 || lives.includes(true)));
      }),
    );
  }
  return alive;
}

/** 1 for each channel of a value that the next activation lets live; for all where none follows. */
function aliveAfter(graph: Graph, value: string, dead: Dead): Uint8Array {
  const flags = new Uint8Array(channelCount(graph, value));
  /** Value → for each channel the original channels that it carries. */
  const carried = new Map([[value, Array.from(flags, (_, c) => [c])]]);
  for (const node of graph.nodes) {
    const kind = kindOf(node);
    if (kind === "mix" || kind === "whole") continue;
    const y = node.outputs.y as string;
    const links = linksOf(graph, node, channelCount(graph, y)).filter((link) => carried.has(link.value));
    if (links.length === 0) continue;
    const lists = Array.from({ length: channelCount(graph, y) }, (_, j) =>
      links.flatMap(({ value: x, from, count }) =>
        (from[j] as number) < 0
          ? []
          : (carried
              .get(x)
              ?.slice(from[j], (from[j] as number) + count)
              .flat() ?? []),
      ),
    );
    if (isActivation(node.op)) {
      const gone = dead.get(node.name);
      lists.forEach((list, j) => {
        if (!gone?.[j]) for (const c of list) flags[c] = 1;
      });
      return flags;
    }
    carried.set(y, lists);
  }
  return flags.fill(1);
}
