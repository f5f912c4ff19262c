/** How many filters have which slope. */
import { onRepaint, onWidth, sharp, theme } from "./dom.ts";

export interface HistogramView {
  readonly values: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Everything up to here is doomed. */
  readonly threshold?: number;
  /** Numbers below the axis. */
  readonly ticks: readonly number[];
  /** Space left and right of the axis, so that it stands exactly above a slider. */
  readonly inset: number;
}

const BAR = 7;
const FOOT = 20;

export class Histogram {
  readonly #canvas: HTMLCanvasElement;
  #view: HistogramView | undefined;
  #width = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    onWidth(canvas, (width) => {
      this.#width = width;
      this.#draw();
    });
    onRepaint(() => this.#draw());
  }

  show(view: HistogramView | undefined): void {
    this.#view = view;
    this.#draw();
  }

  #draw(): void {
    const height = this.#canvas.clientHeight;
    if (this.#width === 0 || height === 0) return;
    const context = sharp(this.#canvas, this.#width, height);
    const view = this.#view;
    const { line, soft, up, down, gone } = theme();
    const inset = view?.inset ?? 0;
    const floor = height - (view?.ticks.length ? FOOT : 8);
    context.strokeStyle = line;
    context.beginPath();
    context.moveTo(inset, floor + 0.5);
    context.lineTo(this.#width - inset, floor + 0.5);
    context.stroke();
    if (!view) return;
    const { values, from, to, threshold, ticks } = view;
    const span = this.#width - 2 * inset;
    const bins = Math.max(8, Math.floor(span / BAR));
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) {
      const bin = Math.min(bins - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * bins)));
      counts[bin] = (counts[bin] as number) + 1;
    }
    // roots, so that the many at 1 do not hide the few that sink
    const most = Math.sqrt(Math.max(4, ...counts));
    counts.forEach((count, bin) => {
      if (count === 0) return;
      const middle = from + ((bin + 0.5) / bins) * (to - from);
      context.fillStyle = threshold !== undefined && middle <= threshold ? gone : middle < 0 ? down : up;
      const tall = Math.max(3, ((floor - 8) * Math.sqrt(count)) / most);
      context.beginPath();
      context.roundRect(inset + (bin * span) / bins + 0.5, floor - tall, span / bins - 1.5, tall, [2, 2, 0, 0]);
      context.fill();
    });
    context.fillStyle = soft;
    context.font = "13px 'Instrument Sans', system-ui, sans-serif";
    context.textAlign = "center";
    for (const tick of ticks) {
      const x = inset + ((tick - from) / (to - from)) * span;
      context.fillText(String(tick).replace("-", "−"), Math.min(this.#width - 12, Math.max(12, x)), height - 4);
    }
    if (threshold === undefined) return;
    const x = inset + ((Math.min(to, Math.max(from, threshold)) - from) / (to - from)) * span;
    context.strokeStyle = gone;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, 2);
    context.lineTo(x, floor);
    context.stroke();
  }
}
