/** The screen where the cut is chosen: a threshold, and at once what it would leave. */
import type { CutCurve, CutPoint } from "../shared/messages.ts";
import { byId, el, say } from "./dom.ts";
import { bytes, DASH, type Kind, milliseconds, percent, plural, setBadge, short } from "./format.ts";
import { FilterGrid } from "./grid.ts";
import { Histogram } from "./histogram.ts";
import { tell } from "./notices.ts";
import { CutPlot } from "./plots.ts";
import { listen, type State, state, update } from "./store.ts";
import { studio } from "./studio.ts";

/** Channels that every layer keeps, as the studio has it. */
const MINIMUM = 2;
/** Half the slider's thumb: its track ends so far from its edges. */
const THUMB = 13;

const WHOLE = ["whole-macs", "whole-params", "whole-bytes", "whole-ms", "whole-accuracy"] as const;
const LEAD = "Choose how flat is flat enough. Crossed tiles go, with all the weights that read them.";

/** A figure at the slider's place: measured at a point of the curve, or estimated between two. */
interface Figure {
  readonly value: number;
  readonly kind: Kind;
}

export function startCut(): void {
  const grid = new FilterGrid(byId("cut-grid"), "Train a network first. Its filters stand here, ranked by their slopes.");
  const histogram = new Histogram(byId<HTMLCanvasElement>("cut-histogram"));
  const plot = new CutPlot(byId("plot-cut"));
  const slider = byId<HTMLInputElement>("threshold");
  const badges = new Map<string, HTMLElement>();
  for (const id of ["cut-macs", "cut-params", "cut-bytes", "cut-ms", "cut-accuracy", ...WHOLE]) {
    const value = el("span", { textContent: DASH });
    const badge = el("span", { className: "badge" });
    byId(id).replaceChildren(value, " ", badge);
    badges.set(id, badge);
  }
  const set = (id: string, text: string, kind?: Kind, why?: string): void => {
    say(byId(id).firstElementChild ?? byId(id), text);
    const badge = badges.get(id);
    if (badge) setBadge(badge, kind, why);
  };

  const show = (now: State): void => {
    const { curve, threshold, phase } = now;
    const values = curve?.layers.flatMap((layer) => layer.values) ?? [];
    const top = topOf(curve);
    slider.max = String(top);
    slider.step = String(top / 1000);
    if (slider.valueAsNumber !== threshold) slider.value = String(threshold);
    const cutAlready = ["tuning", "tuning-paused", "testing", "done"].includes(phase);
    histogram.show(curve && { values: values.map((value) => Math.min(value, top)), from: 0, to: top, threshold, ticks: [], inset: THUMB });
    if (curve) grid.show(curve.slopes, { threshold, scores: curve.layers, minimum: MINIMUM });
    else grid.show([], { minimum: MINIMUM });
    const lead = curve?.criterion === "l1" ? "Plain ReLUs have no slopes to read: filters are ranked by the size of their weights." : LEAD;
    say(byId("cut-lead"), lead);
    const figures = curve && figuresAt(curve, threshold);
    say(byId("threshold-value"), curve ? threshold.toFixed(3) : DASH);
    say(
      byId("doomed"),
      figures ? `${plural(curve.channels - figures.point.alive, "filter")} of ${curve.channels} ${cutAlready ? "went" : "go"}` : DASH,
    );
    const counted = curve && "measured";
    set("whole-macs", short(curve?.before.macs), counted);
    set("whole-params", short(curve?.before.params), counted);
    set("whole-bytes", bytes(curve?.before.bytes), counted);
    const [whole] = curve?.points ?? [];
    set("whole-ms", milliseconds(whole?.ms), whole?.ms === undefined ? undefined : "measured");
    set("whole-accuracy", percent(whole?.accuracy), whole?.accuracy === undefined ? undefined : "measured");
    set("cut-macs", short(figures?.point.macs), figures && "estimated", "counted without cutting");
    set("cut-params", short(figures?.point.params), figures && "estimated", "counted without cutting");
    set("cut-bytes", bytes(figures?.point.bytes), figures && "estimated", "from what its weights will hold");
    set("cut-ms", milliseconds(figures?.ms?.value), figures?.ms?.kind, "one picture on the processor, one thread");
    set("cut-accuracy", percent(figures?.accuracy?.value), figures?.accuracy?.kind, `on ${plural(curve?.images ?? 0, "held-out picture")}`);
    plot.mark(figures?.accuracy && curve ? { share: figures.point.macs / curve.before.macs, accuracy: figures.accuracy.value } : undefined);
    showButtons(now);
  };

  listen((now, changed) => {
    if (changed.has("curve")) plot.show(now.curve);
    if (changed.has("curve") || changed.has("threshold") || changed.has("phase")) show(now);
    else if (changed.has("progress") || changed.has("learning")) showButtons(now);
  });
  slider.addEventListener("input", () => update({ threshold: slider.valueAsNumber }));
  for (const chip of document.querySelectorAll<HTMLButtonElement>("#targets .chip")) {
    chip.addEventListener("click", () => {
      const { curve } = state;
      const keep = Number(chip.dataset.keep);
      const found = curve?.points.find(({ macs }) => macs <= keep * curve.before.macs) ?? curve?.points.at(-1);
      if (found) update({ threshold: found.threshold });
    });
  }
  byId("cut-button").addEventListener("click", () => studio.cut(state.threshold).catch(tell));
}

const STATUS: Partial<Record<State["phase"], string>> = {
  weighing: "Measuring accuracies along the way to the smallest network",
  trained: "Move the threshold, then cut.",
  tuning: "Cut. Fine-tuning what is left",
  "tuning-paused": "Fine-tuning is paused; resume above.",
  testing: "Testing and timing both networks",
  done: "Done. Another threshold may be tried: the network before the cut is still here.",
};

function showButtons({ phase, curve, curveDone, progress, learning }: State): void {
  const free = curve !== undefined && curveDone && (phase === "trained" || phase === "done" || phase === "tuning-paused");
  byId<HTMLButtonElement>("cut-button").disabled = !free;
  byId<HTMLInputElement>("threshold").disabled = curve === undefined || ["tuning", "testing"].includes(phase);
  for (const chip of document.querySelectorAll<HTMLButtonElement>("#targets .chip")) chip.disabled = !free;
  const judged = learning.filter(({ stage, validation }) => stage === "tuning" && validation).at(-1)?.validation;
  const more = phase === "tuning" && judged ? `: ${percent(judged.accuracy)} on held-out pictures` : "";
  say(byId("cut-status"), (STATUS[phase] ?? "Train first; then there is something to cut.") + more);
  const bar = byId<HTMLProgressElement>("cut-progress");
  const share =
    phase === "tuning" ? (progress?.share ?? 0) : phase === "testing" || phase === "done" ? 1 : phase === "tuning-paused" ? bar.value : 0;
  if (bar.value !== share) bar.value = share;
}

/** The highest threshold that still changes something. */
function topOf(curve: CutCurve | undefined): number {
  const last = curve?.points.at(-1)?.threshold ?? 1;
  return last > 0 ? last : 1;
}

function figuresAt({ points }: CutCurve, threshold: number): { point: CutPoint; accuracy: Figure | undefined; ms: Figure | undefined } {
  const at = Math.max(0, points.filter((point) => point.threshold <= threshold + 1e-9).length - 1);
  const point = points[at] as CutPoint;
  return { point, accuracy: between(points, at, "accuracy"), ms: between(points, at, "ms") };
}

/** The figure at a point where it was measured; otherwise between its neighbours, by their multiply-adds. */
function between(points: readonly CutPoint[], at: number, key: "accuracy" | "ms"): Figure | undefined {
  const own = points[at]?.[key];
  if (own !== undefined) return { value: own, kind: "measured" };
  const left = points
    .slice(0, at)
    .filter((point) => point[key] !== undefined)
    .at(-1);
  const right = points.slice(at + 1).find((point) => point[key] !== undefined);
  if (!left || !right) {
    const one = left ?? right;
    return one && { value: one[key] as number, kind: "estimated" };
  }
  const here = (points[at] as CutPoint).macs;
  const share = left.macs === right.macs ? 0 : (left.macs - here) / (left.macs - right.macs);
  return { value: (left[key] as number) + share * ((right[key] as number) - (left[key] as number)), kind: "estimated" };
}
