/**
 * What the page does beyond standing there: a readout of the numbers under the pointer. Everything else works without it, and those who cannot
 * point find the same numbers in the table behind each plot, where this takes them from.
 */

const byId = (id: string): HTMLTableElement => document.getElementById(id) as HTMLTableElement;

function make(parent: HTMLElement, name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  element.hidden = true;
  return parent.appendChild(element);
}

const textOf = (cell: Element | undefined): string => cell?.textContent ?? "";
/** Reads our own numbers back: their minus is a real one. */
const numberOf = (text: string): number => Number.parseFloat(text.replace("−", "-"));

/** Index of the smallest distance. */
const nearest = (distances: readonly number[]): number => distances.indexOf(Math.min(...distances));

/** Shows `lines` above the plot at a share of its width. */
type Show = (at: number, lines: readonly string[]) => void;

const placesOf = (cells: readonly HTMLElement[]): number[] => cells.map((cell) => Number(cell.dataset.at));

/** A table with a row per x: shows the row nearest to the pointer. */
function byX(table: HTMLTableElement, show: Show): (x: number) => void {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const places = placesOf(rows);
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map(textOf);
  return (x) => {
    const index = nearest(places.map((place) => Math.abs(place - x)));
    const cells = [...(rows[index]?.cells ?? [])].map(textOf);
    show(
      places[index] ?? 0,
      cells.flatMap((text, i) => (text ? [`${heads[i]}: ${text}`] : [])),
    );
  };
}

/** A table with a row per line: shows the line nearest to the pointer, at the column nearest to it. */
function byLine(area: HTMLElement, table: HTMLTableElement, show: Show): (x: number, y: number) => void {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].slice(1);
  const places = placesOf(heads);
  const values = rows.map((row) => [...row.cells].slice(1).map((cell) => numberOf(textOf(cell))));
  const low = Number(area.dataset.low);
  const high = Number(area.dataset.high);
  return (x, y) => {
    const column = nearest(places.map((place) => Math.abs(place - x)));
    const value = high - y * (high - low);
    const index = nearest(values.map((line) => Math.abs((line[column] ?? Number.POSITIVE_INFINITY) - value)));
    for (const path of area.querySelectorAll<SVGElement>("[data-row]")) path.classList.toggle("near", path.dataset.row === String(index));
    const cells = [...(rows[index]?.cells ?? [])].map(textOf);
    show(places[column] ?? 0, [`${cells[0]}, ${textOf(heads[column])}`, `b = ${cells[column + 1]}`]);
  };
}

for (const area of document.querySelectorAll<HTMLElement>("[data-table]")) {
  const rule = make(area, "rule");
  const tip = make(area, "tip");
  const show: Show = (at, lines) => {
    rule.style.left = `${100 * at}%`;
    tip.style.left = rule.style.left;
    tip.style.transform = `translateX(${-100 * at}%)`;
    tip.replaceChildren(
      ...lines.map((line) => {
        const element = document.createElement("div");
        element.textContent = line;
        return element;
      }),
    );
    rule.hidden = false;
    tip.hidden = false;
  };
  const table = byId(area.dataset.table ?? "");
  const point = area.dataset.by === "line" ? byLine(area, table, show) : byX(table, show);
  const move = (event: PointerEvent): void => {
    const box = area.getBoundingClientRect();
    const inside = (share: number): number => Math.min(1, Math.max(0, share));
    point(inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height));
  };
  const hide = (): void => {
    rule.hidden = true;
    tip.hidden = true;
    for (const path of area.querySelectorAll(".near")) path.classList.remove("near");
  };
  area.addEventListener("pointermove", move);
  area.addEventListener("pointerdown", move);
  area.addEventListener("pointerleave", hide);
}

// Makes this file a module: nothing in it is global.
export {};
