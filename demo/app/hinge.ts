/** The first screen's figure: a hinge to turn, and what it lets pass. */
import { byId, onRepaint, say, theme } from "./dom.ts";

/** The pivot, and the length of the turning arm, in the drawing's units. */
const [X, Y, REACH] = [190, 138, 152] as const;
const LEAST = -1;
const MOST = 1.2;
const SIDE = 96;

export function startHinge(): void {
  const slider = byId<HTMLInputElement>("slope");
  const drawing = byId<SVGSVGElement>("hinge");
  const response = responseOf(SIDE);

  const draw = (): void => {
    const b = slider.valueAsNumber;
    const length = REACH / Math.hypot(1, b);
    const tip = { x: X + length, y: Y - length * b };
    byId("hinge-line").setAttribute("d", `M30 ${Y}H${X}L${tip.x} ${tip.y}`);
    byId("hinge-wedge").setAttribute("d", `M${X} ${Y}L${tip.x} ${tip.y}V${Y}Z`);
    for (const id of ["hinge-grip", "hinge-halo"]) {
      byId(id).setAttribute("cx", String(tip.x));
      byId(id).setAttribute("cy", String(tip.y));
    }
    const { up, down, soft } = theme();
    drawing.style.setProperty("--hinge", Math.abs(b) < 0.03 ? soft : b < 0 ? down : up);
    say(byId("slope-value"), b.toFixed(2).replace("-", "−"));
    say(byId("hinge-words"), wordsFor(b));
    paint("pass-in", response, (value) => value);
    paint("pass-out", response, (value) => b * Math.max(0, value));
  };

  const turn = (event: PointerEvent): void => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 400 - X;
    const y = Y - ((event.clientY - box.top) / box.height) * 262;
    const b = y / Math.max(x, 12);
    slider.value = String(Math.abs(b) < 0.04 ? 0 : Math.min(MOST, Math.max(LEAST, b)));
    draw();
  };
  drawing.addEventListener("pointerdown", (event) => {
    drawing.setPointerCapture(event.pointerId);
    turn(event);
  });
  drawing.addEventListener("pointermove", (event) => {
    if (drawing.hasPointerCapture(event.pointerId)) turn(event);
  });
  slider.addEventListener("input", draw);
  onRepaint(draw);
  draw();
}

function wordsFor(b: number): string {
  if (Math.abs(b) < 0.03) return "Flat: nothing passes. This filter can be cut, with all the weights that read it.";
  if (b < 0) return "Turned over: what is above zero passes with its sign changed. Just as useful.";
  if (b > 1.05) return "Steeper than a ReLU: what is above zero passes, and stronger.";
  if (b > 0.95) return "An ordinary ReLU: what is above zero passes as it is.";
  return `Turned down: ${Math.round(100 * b)} % of what is above zero passes.`;
}

/** What an edge filter makes of a few shapes: from −1 to 1. */
function responseOf(side: number): Float32Array {
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const unit = side / 96;
  context.scale(unit, unit);
  context.filter = "blur(1.2px)";
  context.fillStyle = "#fff";
  context.beginPath();
  context.arc(34, 38, 22, 0, 7);
  context.fill();
  context.fillRect(54, 50, 30, 34);
  context.beginPath();
  context.moveTo(66, 8);
  context.lineTo(88, 36);
  context.lineTo(60, 34);
  context.fill();
  const { data } = context.getImageData(0, 0, side, side);
  const at = (x: number, y: number): number =>
    (data[4 * (Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x)))] ?? 0) / 255;
  const response = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const edge = at(x + 2, y + 1) + at(x + 2, y) - at(x - 2, y - 1) - at(x - 2, y);
      response[y * side + x] = Math.min(1, Math.max(-1, edge));
    }
  }
  return response;
}

/** Above zero in the colour of standing hinges, below zero in that of turned ones. */
function paint(id: string, values: Float32Array, pass: (value: number) => number): void {
  const context = byId<HTMLCanvasElement>(id).getContext("2d") as CanvasRenderingContext2D;
  const { card, up, down } = theme();
  const [ground, above, below] = [card, up, down].map(channels) as [number[], number[], number[]];
  const image = context.createImageData(SIDE, SIDE);
  values.forEach((value, i) => {
    const passed = pass(value);
    const share = Math.min(1, Math.abs(passed));
    const to = passed < 0 ? below : above;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = (ground[c] as number) + share * ((to[c] as number) - (ground[c] as number));
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
