/** Criteria: a score for every channel that could die; low means it will hardly be missed. */
import { InputError } from "../../src/errors.ts";
import { type AnyTensorData, type Graph, producersOf, type Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { networkOf } from "../../src/passes/network.ts";
import { Random } from "../random.ts";
import { type Calibration, meanActivations, taylorScores } from "./calibrate.ts";
import { groups } from "./groups.ts";
import { type Site, sitesOf } from "./survivors.ts";
import { channelCount, linksOf } from "./wiring.ts";

/**
 * - `slope`: |b|, the slope of the rotated activation;
 * - `slope-gamma`: |b·γ| with the γ of the batch norm that feeds it; after a sum, where there is no such γ, the mean |activation| on a
 *   calibration batch, which is |b| times that of the unrotated one;
 * - `gamma`: |γ| (Network Slimming);
 * - `l1`: L1 norm of the filter that makes the channel over the mean of its layer, so that layers compare; the mean where several make it;
 * - `taylor`: mean over examples of |Σ activation · gradient|, the first-order change of the loss (Molchanov et al. 2017);
 * - `slope-l1`, `slope-taylor`: |b| times the other, so that a channel is hardly missed if either says so;
 * - `random`: uniform in [0, 1), the control.
 */
export const criteria = ["slope", "slope-gamma", "slope-l1", "slope-taylor", "gamma", "l1", "taylor", "random"] as const;
/** The names of the criteria. */
export type Criterion = (typeof criteria)[number];

/** Which criterion, and what it needs. */
export interface ScoreOptions {
  readonly criterion: Criterion;
  /** Needed by `taylor` and `slope-taylor`, and by `slope-gamma` where an activation follows a sum. */
  readonly calibration?: Calibration;
  /** Of `random`. */
  readonly seed?: number | string;
  readonly signal?: AbortSignal;
}

/** How much each channel matters: the lowest die first. */
export interface Scores {
  readonly criterion: Criterion;
  /** Activation → the score of each channel. */
  readonly sites: Readonly<Record<string, Float64Array>>;
  /** Activations to which the criterion does not apply, and why. They are left alone. */
  readonly skipped: Readonly<Record<string, string>>;
}

type Tensor = (name: string) => AnyTensorData;

/**
 * Scores every activation's channels. Throws InputError E_OPTION for an unknown criterion or a missing calibration, GraphError where `taylor`
 * finds no logits to take a loss of, InputError E_INPUT for tensors or batches that do not fit.
 */
export async function scoreChannels(graph: Graph, tensors: Tensors, options: ScoreOptions): Promise<Scores> {
  const { criterion } = options;
  if (!criteria.includes(criterion)) throw new InputError("E_OPTION", `criterion "${criterion}": choose one of ${criteria.join(", ")}`);
  verify(graph, ops);
  const network = networkOf(graph, tensors);
  const tensor: Tensor = (name) => network.tensors[name] as AnyTensorData;
  const found = await score(graph, tensors, tensor, options);
  const entries = sitesOf(graph).map(({ name }) => [name, found.get(name) ?? "nothing of the kind belongs to it"] as const);
  return {
    criterion,
    sites: Object.fromEntries(entries.filter((entry): entry is [string, Float64Array] => typeof entry[1] !== "string")),
    skipped: Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
  };
}

/** Site → its scores, or why it has none. */
type Found = Map<string, Float64Array | string>;

async function score(graph: Graph, tensors: Tensors, tensor: Tensor, options: ScoreOptions): Promise<Found> {
  const sites = sitesOf(graph);
  const each = (rule: (site: Site) => Float64Array | string): Found => new Map(sites.map((site) => [site.name, rule(site)]));
  switch (options.criterion) {
    case "slope":
      return each(({ slope }) => (slope === undefined ? NOT_ROTATED : magnitudes(tensor(slope))));
    case "gamma":
      return each((site) => gammaOf(graph, tensor, site) ?? NO_NORM);
    case "slope-gamma":
      return slopeGamma(graph, tensors, tensor, options);
    case "l1":
      return filterNorms(graph, tensor);
    case "slope-l1":
      return timesSlope(sites, tensor, filterNorms(graph, tensor));
    case "taylor":
      return taylorScores(graph, tensors, sites, calibrationOf(options, "taylor"), options.signal);
    case "slope-taylor": {
      const rotated = sites.filter(({ slope }) => slope !== undefined);
      const calibration = calibrationOf(options, "slope-taylor");
      return timesSlope(sites, tensor, await taylorScores(graph, tensors, rotated, calibration, options.signal));
    }
    case "random": {
      const random = new Random(options.seed ?? 0);
      return each(({ channels }) => Float64Array.from({ length: channels }, () => random.uniform()));
    }
  }
}

const NOT_ROTATED = "it is not rotated: there is no slope";
const NO_FILTER = "no filter makes it";
const NO_NORM = "no batch norm feeds it alone";

const magnitudes = (data: AnyTensorData): Float64Array => Float64Array.from(data, Math.abs);

/** |b| · score where there are both. */
function timesSlope(sites: readonly Site[], tensor: Tensor, found: Found): Found {
  const product = ({ name, slope }: Site): Float64Array | string => {
    const scores = found.get(name) ?? NO_FILTER;
    if (slope === undefined) return NOT_ROTATED;
    if (typeof scores === "string") return scores;
    const b = magnitudes(tensor(slope));
    return scores.map((score, c) => score * (b[c] as number));
  };
  return new Map(sites.map((site) => [site.name, product(site)]));
}

function calibrationOf({ calibration }: ScoreOptions, why: string): Calibration {
  if (calibration) return calibration;
  throw new InputError("E_OPTION", `criterion ${why} needs data: give calibration { backend, batches }`);
}

async function slopeGamma(graph: Graph, tensors: Tensors, tensor: Tensor, options: ScoreOptions): Promise<Found> {
  const found: Found = new Map();
  const sums: Site[] = [];
  for (const site of sitesOf(graph)) {
    const gamma = gammaOf(graph, tensor, site);
    if (site.slope === undefined) found.set(site.name, NOT_ROTATED);
    else if (gamma) {
      const b = magnitudes(tensor(site.slope));
      found.set(
        site.name,
        gamma.map((g, c) => g * (b[c] as number)),
      );
    } else sums.push(site);
  }
  if (sums.length === 0) return found;
  const calibration = calibrationOf(options, `slope-gamma, for "${sums[0]?.name}", which follows no single batch norm,`);
  for (const [name, means] of await meanActivations(graph, tensors, sums, calibration, options.signal)) found.set(name, means);
  return found;
}

/** |γ| of the batch norm before the activation, seen through pools and moves of channels; undefined where it does not stand there alone. */
function gammaOf(graph: Graph, tensor: Tensor, site: Site): Float64Array | undefined {
  const producers = producersOf(graph);
  let value = site.node.inputs.x as string;
  let channels = Int32Array.from({ length: site.channels }, (_, c) => c);
  for (;;) {
    const node = producers.get(value);
    if (!node) return undefined;
    if (node.op === "batch_norm") {
      const gamma = tensor(node.inputs.gamma as string);
      return Float64Array.from(channels, (c) => Math.abs(gamma[c] ?? 0));
    }
    const links = linksOf(graph, node, channelCount(graph, value));
    const [link] = links;
    if (!link || links.length > 1 || link.count > 1 || node.inputs.w !== undefined) return undefined;
    value = link.value;
    channels = channels.map((c) => link.from[c] ?? -1);
  }
}

function filterNorms(graph: Graph, tensor: Tensor): Found {
  const found: Found = new Map();
  for (const { site, channels, producers } of groups(graph)) {
    const filters = producers.filter((member) => member.slot === "w" && member.dim === 0);
    const own = filters.filter((member) => !member.shared);
    const used = own.length > 0 ? own : filters;
    if (used.length === 0) {
      found.set(site, NO_FILTER);
      continue;
    }
    const total = new Float64Array(channels);
    for (const { value, indices } of used) {
      const norms = rowNorms(tensor(value), graph.values[value]?.shape[0] as number);
      const mean = norms.reduce((sum, norm) => sum + norm, 0) / norms.length || 1;
      indices.forEach((rows, c) => {
        for (const row of rows) total[c] = (total[c] as number) + (norms[row] as number) / mean / used.length / rows.length;
      });
    }
    found.set(site, total);
  }
  return found;
}

/** Σ |w| of each filter. */
function rowNorms(w: AnyTensorData, rows: number): Float64Array {
  const norms = new Float64Array(rows);
  const size = w.length / rows;
  w.forEach((weight: number, i: number) => {
    const row = Math.floor(i / size);
    norms[row] = (norms[row] as number) + Math.abs(weight);
  });
  return norms;
}
