/** What a cut would leave, for every threshold: sizes foretold, accuracies and times measured where it matters. */
import type { Model, Session } from "swivel-nn";
import { type Dataset, datasets, measure, prune } from "swivel-nn/training";
import type { CutCurve, CutPoint } from "../shared/messages.ts";
import { hitsOf, layersOf, openSession, pack, shareOf } from "./network.ts";

/** Channels that every layer keeps, so that no layer dies whole. */
export const MINIMUM_CHANNELS = 2;
/** The part of the multiply-adds that the proposed cut saves at least. */
const TARGET_SAVED = 0.5;
/** Thresholds that sizes are foretold for, accuracies measured at, and times. */
const [SIZES, ACCURACIES, TIMES] = [160, 20, 7] as const;
/** Multiply-adds that the accuracies may cost altogether. */
const BUDGET = 25e9;

type Scores = Awaited<ReturnType<typeof prune.scoreChannels>>;

export function criterionOf(model: Model): CutCurve["criterion"] {
  return prune.sitesOf(model.graph).some(({ slope }) => slope !== undefined) ? "slope" : "l1";
}

export function scoresOf(model: Model): Promise<Scores> {
  return prune.scoreChannels(model.graph, model.tensors, { criterion: criterionOf(model) });
}

export function selectAt(model: Model, scores: Scores, threshold: number): ReturnType<typeof prune.select> {
  return prune.select(model.graph, model.tensors, scores, { threshold, minimum: MINIMUM_CHANNELS });
}

/** The curve, better known each time: first with sizes alone, then with accuracies and times as they come. */
export async function* weigh(model: Model, dataset: Dataset): AsyncGenerator<CutCurve, void, void> {
  const scores = await scoresOf(model);
  const all = Object.values(scores.sites).flatMap((list) => Array.from(list));
  const packed = pack(model).length;
  const points: CutPoint[] = [];
  let before: CutCurve["before"] | undefined;
  for (const threshold of spread(thresholdsOf(all), SIZES)) {
    const selection = selectAt(model, scores, threshold);
    before ??= { ...selection.before, bytes: packed };
    const { macs, params, bytes } = selection.after;
    const point = {
      threshold,
      alive: selection.channels.alive,
      macs,
      params,
      bytes: Math.round((packed * bytes) / selection.before.bytes),
    };
    // the least channels of each layer stay: beyond that a higher threshold changes nothing
    if (points.at(-1)?.alive === point.alive) continue;
    points.push(point);
  }
  const { macs } = before as CutCurve["before"];
  const images = Math.round(Math.min(dataset.validation.count, Math.max(50, BUDGET / (ACCURACIES * macs))));
  const curve = (): CutCurve => ({
    criterion: criterionOf(model),
    layers: Object.entries(scores.sites).map(([name, values]) => ({ name, values: Array.from(values) })),
    slopes: layersOf(model.graph, model.tensors as Readonly<Record<string, Float32Array>>),
    channels: all.length,
    before: before as CutCurve["before"],
    points: [...points],
    proposed: proposal(points, macs),
    images,
  });
  yield curve();

  const held = datasets.pick(
    dataset.validation,
    Int32Array.from({ length: images }, (_, i) => i),
  );
  const chosen = spreadBy(points, (point) => point.macs, ACCURACIES);
  const timed = new Set(spreadBy(points, (point) => point.macs, TIMES));
  const sessions = new Map<number, Session>();
  try {
    for (const index of chosen) {
      const point = points[index] as CutPoint;
      const { report: _, ...small } = prune.cut(model.graph, model.tensors, selectAt(model, scores, point.threshold).survivors);
      // in one thread: the page beside it stays quick
      const session = await openSession(pack({ ...model, ...small }), "wasm");
      if (timed.has(index)) sessions.set(index, session);
      points[index] = { ...point, accuracy: shareOf(await hitsOf(session, dataset, held)) };
      if (!timed.has(index)) session.dispose();
      yield curve();
    }
    for (const [index, ms] of await times(sessions, dataset)) points[index] = { ...(points[index] as CutPoint), ms };
    yield curve();
  } finally {
    for (const session of sessions.values()) session.dispose();
  }
}

/** Median milliseconds of one picture, all of them in turns. */
async function times(sessions: ReadonlyMap<number, Session>, dataset: Dataset): Promise<[number, number][]> {
  const [batch] = datasets.batches(dataset.validation, dataset, { size: 1 });
  const image = (batch?.images ?? new Float32Array(0)).slice();
  const runs = [...sessions.values()].map((session) => () => session.run({ [session.inputs[0]?.name as string]: image }));
  const samples = await measure.interleave(runs, { rounds: 15, sampleMs: 4 });
  return [...sessions.keys()].map((index, i) => [index, measure.median(samples[i] as number[])]);
}

/** 0, and every score: each lets one channel more die. */
function thresholdsOf(scores: readonly number[]): number[] {
  return [...new Set([0, ...scores])].sort((a, b) => a - b);
}

function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list];
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))] as T);
}

/** Indices of `most` points that lie evenly by `key`, the first and the last among them. */
function spreadBy(points: readonly CutPoint[], key: (point: CutPoint) => number, most: number): number[] {
  const [first, last] = [key(points[0] as CutPoint), key(points.at(-1) as CutPoint)];
  const found = new Set<number>();
  for (let i = 0; i < most; i++) {
    const wanted = first + ((last - first) * i) / (most - 1);
    const distance = (j: number): number => Math.abs(key(points[j] as CutPoint) - wanted);
    found.add(points.reduce((best, _, j) => (distance(j) < distance(best) ? j : best), 0));
  }
  return [...found].sort((a, b) => a - b);
}

/** Of the thresholds that save half of the multiply-adds the most accurate one, the smaller cut where two are equal. */
function proposal(points: readonly CutPoint[], macs: number): number {
  const known = points.filter(({ accuracy }) => accuracy !== undefined);
  const candidates = known.length > 0 ? known : points;
  const enough = candidates.filter((point) => 1 - point.macs / macs >= TARGET_SAVED);
  const best = enough.reduce<CutPoint | undefined>((a, b) => (!a || (b.accuracy ?? 0) > (a.accuracy ?? 0) ? b : a), undefined);
  return (best ?? (candidates.at(-1) as CutPoint)).threshold;
}
