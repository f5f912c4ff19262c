/** The two plots: accuracy while training, and accuracy against what a cut keeps. */
// biome-ignore assist/source/organizeImports: the language is mended before uPlot asks for it
import { language } from "./language.ts";
import uPlot from "uplot";
import type { CutCurve, LearningPoint } from "../shared/messages.ts";
import { onRepaint, onWidth, theme } from "./dom.ts";

const HEIGHT = 180;
const FONT = "13px 'Instrument Sans', system-ui, sans-serif";

type Make = (width: number) => uPlot.Options;

/** A plot that follows its element's width and the theme. */
class Plot {
  readonly #element: HTMLElement;
  readonly #make: Make;
  #data: uPlot.AlignedData;
  #plot: uPlot | undefined;
  #width = 0;

  constructor(element: HTMLElement, make: Make, empty: uPlot.AlignedData) {
    this.#element = element;
    this.#make = make;
    this.#data = empty;
    onWidth(element, (width) => {
      this.#width = width;
      if (this.#plot) this.#plot.setSize({ width, height: HEIGHT });
      else this.#build();
    });
    onRepaint(() => this.#build());
  }

  set(data: uPlot.AlignedData): void {
    this.#data = data;
    this.#plot?.setData(data);
  }

  redraw(): void {
    this.#plot?.redraw(false);
  }

  #build(): void {
    this.#plot?.destroy();
    this.#plot = this.#width === 0 ? undefined : new uPlot(this.#make(this.#width), this.#data, this.#element);
  }
}

/** What both plots share: quiet axes, no legend, no cursor. */
function options(
  width: number,
  parts: Pick<uPlot.Options, "series" | "scales" | "hooks"> & { x: Partial<uPlot.Axis>; y: Partial<uPlot.Axis> },
): uPlot.Options {
  const { soft, line } = theme();
  const axis = { stroke: soft, font: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: parts.scales ?? {},
    series: parts.series,
    hooks: parts.hooks ?? {},
    axes: [
      { ...axis, size: 28, grid: { show: false }, ...parts.x },
      { ...axis, size: 52, ...parts.y },
    ],
  };
}

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const wholePercent = (_: uPlot, splits: number[]): string[] => splits.map((share) => `${whole.format(100 * share)} %`);

export class LearningPlot {
  readonly #plot: Plot;
  #cutAt: number | undefined;

  constructor(element: HTMLElement) {
    this.#plot = new Plot(element, (width) => this.#options(width), [[], [], []]);
  }

  show(points: readonly LearningPoint[]): void {
    const end = Math.max(0, ...points.filter(({ stage }) => stage === "training").map(({ at }) => at));
    this.#cutAt = points.some(({ stage }) => stage === "tuning") ? end : undefined;
    const x = points.map(({ stage, at }) => (stage === "tuning" ? end + at : at));
    this.#plot.set([
      x,
      points.map(({ accuracy, validation }) => (validation ? null : accuracy)),
      points.map(({ validation }) => validation?.accuracy ?? null),
    ]);
  }

  #options(width: number): uPlot.Options {
    const { soft, up, gone } = theme();
    const cutLine = (plot: uPlot): void => {
      if (this.#cutAt === undefined) return;
      const x = Math.round(plot.valToPos(this.#cutAt, "x", true));
      plot.ctx.strokeStyle = gone;
      plot.ctx.lineWidth = 2 * uPlot.pxRatio;
      plot.ctx.beginPath();
      plot.ctx.moveTo(x, plot.bbox.top);
      plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
      plot.ctx.stroke();
    };
    return options(width, {
      scales: {
        x: { time: false, range: (_, __, most) => [0, Math.max(1, most ?? 1)] },
        y: { range: (_, least, most) => [Math.max(0, Math.min(0.9, Math.floor(10 * (least ?? 0)) / 10)), Math.max(1, most ?? 1)] },
      },
      series: [
        {},
        { stroke: soft, width: 1, spanGaps: true, points: { show: false } },
        { stroke: up, width: 3, spanGaps: true, points: { show: true, size: 6, fill: up } },
      ],
      hooks: { draw: [cutLine] },
      x: { values: (_, splits) => splits.map((at) => (Number.isInteger(at) ? `${at}` : "")) },
      y: { values: wholePercent },
    });
  }
}

export class CutPlot {
  readonly #plot: Plot;
  #at: { readonly share: number; readonly accuracy: number } | undefined;

  constructor(element: HTMLElement) {
    this.#plot = new Plot(element, (width) => this.#options(width), [[], []]);
  }

  show(curve: CutCurve | undefined): void {
    const known = (curve?.points ?? []).filter(({ accuracy }) => accuracy !== undefined);
    const sorted = [...known].sort((a, b) => a.macs - b.macs);
    this.#plot.set([sorted.map(({ macs }) => macs / (curve?.before.macs ?? 1)), sorted.map(({ accuracy }) => accuracy ?? null)]);
  }

  /** Where the slider stands. */
  mark(at: { readonly share: number; readonly accuracy: number } | undefined): void {
    this.#at = at;
    this.#plot.redraw();
  }

  #options(width: number): uPlot.Options {
    const { up, gone, card } = theme();
    const marker = (plot: uPlot): void => {
      if (!this.#at || !Number.isFinite(this.#at.accuracy)) return;
      const [x, y] = [plot.valToPos(this.#at.share, "x", true), plot.valToPos(this.#at.accuracy, "y", true)];
      plot.ctx.fillStyle = gone;
      plot.ctx.strokeStyle = card;
      plot.ctx.lineWidth = 3 * uPlot.pxRatio;
      plot.ctx.beginPath();
      plot.ctx.arc(x, y, 8 * uPlot.pxRatio, 0, 7);
      plot.ctx.stroke();
      plot.ctx.fill();
    };
    return options(width, {
      scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] } },
      series: [{}, { stroke: up, width: 3, points: { show: true, size: 6, fill: up } }],
      hooks: { draw: [marker] },
      x: { values: wholePercent },
      y: { values: wholePercent },
    });
  }
}
