/** The signature picture: every filter of every layer as a tile with its own hinge, which sinks and fades as its slope goes to zero. */
import type { Layer } from "../shared/messages.ts";
import { type Colours, el, onRepaint, onWidth, say, sharp, still, theme } from "./dom.ts";

export interface GridMarks {
  /** Channels with a score of this or less are crossed. */
  readonly threshold?: number;
  /** By which they are ranked, where that is not their slope. */
  readonly scores?: readonly Layer[];
  /** Channels that every layer keeps, the best by score. */
  readonly minimum: number;
}

interface Row {
  readonly figure: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly count: HTMLElement;
  readonly name: string;
  /** What is drawn now, and where it is going. */
  shown: number[];
  wanted: readonly number[];
  doomed: readonly boolean[];
}

/** A slope that is as good as nothing. */
const FLAT = 0.02;
const GAP = 4;

export class FilterGrid {
  readonly #root: HTMLElement;
  readonly #empty: HTMLElement;
  #rows: Row[] = [];
  #width = 0;
  #frame = 0;

  constructor(root: HTMLElement, empty: string) {
    this.#root = root;
    this.#empty = el("p", { className: "empty", textContent: empty });
    root.append(this.#empty);
    onWidth(root, (width) => {
      this.#width = width;
      this.#draw();
    });
    onRepaint(() => this.#draw());
  }

  show(layers: readonly Layer[], marks: GridMarks): void {
    const same =
      layers.length === this.#rows.length &&
      layers.every(({ name, values }, i) => this.#rows[i]?.name === name && this.#rows[i]?.shown.length === values.length);
    if (!same) this.#build(layers);
    layers.forEach(({ name, values }, i) => {
      const row = this.#rows[i] as Row;
      row.wanted = values;
      const scores = marks.scores?.find((one) => one.name === name)?.values ?? values.map(Math.abs);
      row.doomed = doomedOf(scores.length === values.length ? scores : values.map(Math.abs), marks);
      const standing =
        marks.threshold === undefined ? values.filter((b) => Math.abs(b) > FLAT).length : row.doomed.filter((gone) => !gone).length;
      say(row.count, `${standing} of ${values.length}`);
      row.canvas.setAttribute("aria-label", `Layer ${i + 1}: ${standing} of ${values.length} filters stand`);
    });
    if (still()) for (const row of this.#rows) row.shown = [...row.wanted];
    this.#animate();
  }

  #build(layers: readonly Layer[]): void {
    this.#rows = layers.map(({ name, values }, i) => {
      const canvas = el("canvas");
      canvas.setAttribute("role", "img");
      const count = el("span");
      const figure = el("figure", {}, el("figcaption", {}, el("span", { textContent: `Layer ${i + 1}`, title: name }), count), canvas);
      return { figure, canvas, count, name, shown: [...values], wanted: values, doomed: [] };
    });
    this.#root.replaceChildren(...(this.#rows.length > 0 ? this.#rows.map(({ figure }) => figure) : [this.#empty]));
  }

  /** Hinges move, they do not jump. */
  #animate(): void {
    if (this.#frame) return;
    const step = (): void => {
      this.#frame = 0;
      let moving = false;
      for (const row of this.#rows) {
        row.shown = row.shown.map((value, i) => {
          const rest = (row.wanted[i] ?? 0) - value;
          if (Math.abs(rest) < 0.004) return row.wanted[i] ?? 0;
          moving = true;
          return value + 0.22 * rest;
        });
      }
      this.#draw();
      if (moving) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #draw(): void {
    if (this.#width === 0) return;
    const colours = theme();
    const side = sideFor(this.#width, this.#rows.length);
    for (const row of this.#rows) drawRow(row, side, this.#width, colours);
  }
}

/** Tiles of one size for all layers, as many in a line as powers of two allow: layers have such widths, so that lines come out even. */
function sideFor(width: number, layers: number): number {
  const least = layers > 8 ? 13 : 25;
  let perLine = 64;
  while (perLine > 8 && (width + GAP) / perLine - GAP < least) perLine /= 2;
  return Math.min(48, Math.floor((width + GAP) / perLine) - GAP);
}

/** The lowest scores within the threshold, but for the best `minimum` of the layer. */
function doomedOf(scores: readonly number[], { threshold, minimum }: GridMarks): boolean[] {
  if (threshold === undefined) return scores.map(() => false);
  const safe = new Set([...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || b - a).slice(0, minimum));
  return scores.map((score, i) => score <= threshold && !safe.has(i));
}

function drawRow({ canvas, shown, doomed }: Row, side: number, width: number, colours: Colours): void {
  const perLine = Math.max(1, Math.floor((width + GAP) / (side + GAP)));
  const height = Math.ceil(shown.length / perLine) * (side + GAP) - GAP;
  const wanted = `${height}px`;
  if (canvas.style.height !== wanted) canvas.style.height = wanted;
  const context = sharp(canvas, width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  shown.forEach((slope, i) => {
    const x = (i % perLine) * (side + GAP);
    const y = Math.floor(i / perLine) * (side + GAP);
    drawTile(context, { x, y, side, slope, doomed: doomed[i] ?? false }, colours);
  });
}

interface Tile {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly slope: number;
  readonly doomed: boolean;
}

function drawTile(context: CanvasRenderingContext2D, { x, y, side, slope, doomed }: Tile, colours: Colours): void {
  const strength = Math.min(1, Math.abs(slope));
  const colour = doomed ? colours.gone : slope < 0 ? colours.down : colours.up;
  const corner = Math.min(8, side / 5);
  context.beginPath();
  context.roundRect(x, y, side, side, corner);
  context.globalAlpha = 1;
  context.fillStyle = colours.faint;
  context.fill();
  context.globalAlpha = doomed ? 0.1 : 0.2 * strength;
  context.fillStyle = colour;
  context.fill();

  const [left, pivot, base] = [x + 0.16 * side, x + 0.44 * side, y + (slope < -0.02 ? 0.4 : 0.64) * side];
  const reach = 0.42 * side;
  const run = reach / Math.hypot(1, slope);
  context.globalAlpha = 0.25 + 0.75 * Math.sqrt(strength);
  context.strokeStyle = strength < FLAT && !doomed ? colours.soft : colour;
  context.lineWidth = Math.max(1.25, side * 0.075);
  context.beginPath();
  context.moveTo(left, base);
  context.lineTo(pivot, base);
  context.lineTo(pivot + run, base - run * slope);
  context.stroke();
  if (doomed) {
    context.globalAlpha = 0.9;
    context.lineWidth = Math.max(1, side * 0.035);
    context.beginPath();
    // across the hinge, whichever way that stands
    const [from, to] = slope < 0 ? [0.86, 0.14] : [0.14, 0.86];
    context.moveTo(x + 0.14 * side, y + from * side);
    context.lineTo(x + 0.86 * side, y + to * side);
    context.stroke();
  }
  context.globalAlpha = 1;
}
