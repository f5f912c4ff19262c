/** What a cut took away. */
import type { Graph } from "../../src/graph/graph.ts";
import { type Counting, countingOf, joinCountings } from "./counting.ts";
import { type Size, sizeOfGraph } from "./sizes.ts";
import { aliveCount, type Survivors, sitesOf } from "./survivors.ts";

/** What a cut has removed. */
export interface CutReport {
  readonly before: Size;
  readonly after: Size;
  /** Fractions of `before`. */
  readonly saved: Size;
  /** The weights of filters alone, as the method's authors count what is saved and as it is. */
  readonly counting: Counting;
  /** Every activation: its channels, how many were to survive, and how many the cut network still stores (fewer where nobody reads them). */
  readonly sites: readonly { readonly name: string; readonly channels: number; readonly alive: number; readonly stored: number }[];
  /** Every convolution and linear layer: [outputs, inputs per group], before and after ([0, 0]: gone). */
  readonly layers: readonly {
    readonly name: string;
    readonly before: readonly [number, number];
    readonly after: readonly [number, number];
  }[];
}

/** `plain` is `graph` with nothing fused, `small` what the cut left of it. */
export function reportOf(graph: Graph, plain: Graph, small: Graph, survivors: Survivors): CutReport {
  const [before, after] = [sizeOfGraph(graph), sizeOfGraph(small)];
  const kept = new Map(sitesOf(small).map((site) => [site.name, site.channels]));
  const sites = sitesOf(graph).map(({ name, channels }) => {
    const alive = survivors[name];
    return { name, channels, alive: alive ? aliveCount(alive) : channels, stored: kept.get(name) ?? 0 };
  });
  const smallLayers = layersOf(small);
  const layers = [...layersOf(graph)].map(([name, size]) => ({ name, before: size, after: smallLayers.get(name) ?? ([0, 0] as const) }));
  return {
    before,
    after,
    saved: savings(before, after),
    counting: countingOf(plain, small, within(plain, survivors)),
    sites,
    layers,
  };
}

/** Without the activations that nothing reads: `graph` lacks them. */
function within(graph: Graph, survivors: Survivors): Survivors {
  const names = new Set(graph.nodes.map(({ name }) => name));
  return Object.fromEntries(Object.entries(survivors).filter(([name]) => names.has(name)));
}

function layersOf(graph: Graph): Map<string, readonly [number, number]> {
  const filters = graph.nodes.filter((node) => node.op === "conv2d" || node.op === "linear");
  return new Map(
    filters.map((node) => [node.name, graph.values[node.inputs.w as string]?.shape.slice(0, 2) as unknown as [number, number]]),
  );
}

function savings(before: Size, after: Size): Size {
  const saved = (key: keyof Size): number => (before[key] === 0 ? 0 : 1 - after[key] / before[key]);
  return { params: saved("params"), macs: saved("macs"), bytes: saved("bytes") };
}

/** One report of several cuts, each of what the one before left. There must be at least one. */
export function joinReports(reports: readonly CutReport[]): CutReport {
  const [first, last] = [reports[0], reports.at(-1)] as [CutReport, CutReport];
  const sites = new Map(last.sites.map((site) => [site.name, site]));
  const layers = new Map(last.layers.map((layer) => [layer.name, layer]));
  return {
    before: first.before,
    after: last.after,
    saved: savings(first.before, last.after),
    counting: joinCountings(first.counting, last.counting),
    sites: first.sites.map(({ name, channels }) => {
      const { alive = 0, stored = 0 } = sites.get(name) ?? {};
      return { name, channels, alive, stored };
    }),
    layers: first.layers.map(({ name, before }) => ({ name, before, after: layers.get(name)?.after ?? [0, 0] })),
  };
}
