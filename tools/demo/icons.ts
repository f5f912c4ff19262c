/** The app's mark: a hinge whose right arm has turned up. Drawn from its geometry, as SVG and as PNG of any size. */
import { encode } from "fast-png";

/** In units of the icon's side. */
const PIVOT = { x: 0.47, y: 0.62 };
const LEFT = { x: 0.16, y: 0.62 };
const TIP = { x: 0.8, y: 0.23 };
const REST = { x: 0.86, y: 0.62 };
const [ARM, FAINT, DOT, CORNER] = [0.1, 0.035, 0.095, 0.22] as const;
const colours = { ground: "#0b2b26", arm: "#f3f6f1", faint: "#3f6b62", dot: "#34d39a" } as const;

interface Point {
  readonly x: number;
  readonly y: number;
}

export function iconSvg(): string {
  const line = (from: Point, to: Point, width: number, colour: string) =>
    `<path d="M${from.x * 100} ${from.y * 100}L${to.x * 100} ${to.y * 100}" stroke="${colour}" stroke-width="${width * 100}" stroke-linecap="round"/>`;
  const parts = [
    `<rect width="100" height="100" rx="${CORNER * 100}" fill="${colours.ground}"/>`,
    line(PIVOT, REST, FAINT, colours.faint),
    line(LEFT, PIVOT, ARM, colours.arm),
    line(PIVOT, TIP, ARM, colours.arm),
    `<circle cx="${PIVOT.x * 100}" cy="${PIVOT.y * 100}" r="${DOT * 100}" fill="${colours.dot}"/>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">${parts.join("")}</svg>\n`;
}

/** `maskable`: the ground fills the square, and the mark keeps to the middle, since systems cut such icons to their own shape. */
export function iconPng(side: number, maskable = false): Uint8Array {
  const data = new Uint8Array(4 * side * side);
  const soft = 1 / side;
  const shrink = maskable ? 0.74 : 1;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const corner = { x: (column + 0.5) / side, y: (row + 0.5) / side };
      const p = { x: (corner.x - 0.5) / shrink + 0.5, y: (corner.y - 0.5) / shrink + 0.5 };
      const covers = (distance: number) => Math.min(1, Math.max(0, 0.5 - (distance * shrink) / soft));
      const layers: [string, number][] = [
        [colours.faint, covers(toSegment(p, PIVOT, REST) - FAINT / 2)],
        [colours.arm, covers(Math.min(toSegment(p, LEFT, PIVOT), toSegment(p, PIVOT, TIP)) - ARM / 2)],
        [colours.dot, covers(Math.hypot(p.x - PIVOT.x, p.y - PIVOT.y) - DOT)],
      ];
      let colour = rgb(colours.ground);
      for (const [name, share] of layers) colour = colour.map((value, i) => value + share * ((rgb(name)[i] as number) - value));
      const alpha = maskable ? 1 : Math.min(1, Math.max(0, 0.5 - toCorners(corner) / soft));
      data.set([...colour.map(Math.round), Math.round(255 * alpha)], 4 * (row * side + column));
    }
  }
  return encode({ width: side, height: side, data, channels: 4, depth: 8 });
}

function toSegment(p: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = Math.min(1, Math.max(0, ((p.x - from.x) * dx + (p.y - from.y) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(p.x - from.x - along * dx, p.y - from.y - along * dy);
}

/** Distance to the square with round corners, below 0 within it. */
function toCorners({ x, y }: Point): number {
  const [dx, dy] = [Math.abs(x - 0.5) - 0.5 + CORNER, Math.abs(y - 0.5) - 0.5 + CORNER];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - CORNER;
}

const rgb = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
