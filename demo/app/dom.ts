/** The few things that the page asks of the document. */

/** The element with this id; the page is made so that it is there. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as unknown as T;
}

type Child = Node | string;

/** A new element with properties and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets a text only where it changes, so that screen readers and layout hear of changes alone. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A canvas as sharp as the screen, in CSS pixels; cleared. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Colours of the style sheet, for canvases; read anew when the theme changes. */
export interface Colours {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly faint: string;
  readonly card: string;
  readonly up: string;
  readonly down: string;
  readonly gone: string;
}

let colours: Colours | undefined;
const repaint = new Set<() => void>();

export function theme(): Colours {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "soft", "line", "faint", "card", "up", "down", "gone"] as const;
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as unknown as Colours;
  }
  return colours;
}

/** Called when colours or sizes have changed. */
export function onRepaint(draw: () => void): void {
  repaint.add(draw);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours = undefined;
  for (const draw of repaint) draw();
});

/** Called with the element's width, now and when it changes. */
export function onWidth(element: Element, use: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width === last || width === 0) return;
    last = width;
    use(width);
  }).observe(element);
}

export const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
