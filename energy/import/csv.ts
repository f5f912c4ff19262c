/** Tables of numbers as loggers write them: any of the usual separators, quotes, decimal commas, comments and lines before the head. */
import { EnergyError } from "../../src/errors.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Decimal comma in place of a point. */
  readonly comma: boolean;
}

const SEPARATORS = [",", ";", "\t"] as const;

/** Throws EnergyError E_FORMAT where there is no head with two columns and a row of numbers below it. */
export function readTable(text: string): Table {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== "" && !/^\s*(#|\/\/)/.test(line));
  const separator = separatorOf(lines);
  const cells = lines.map((line) => split(line, separator));
  const start = cells.findIndex(
    (row, i) => row.length > 1 && !row.every(isNumeric) && isReading(cells[i + 1]) && cells[i + 1]?.length === row.length,
  );
  if (start < 0)
    throw new EnergyError("E_FORMAT", "the table has no head with numbers below it; export it from the logger as CSV, with its head");
  const head = cells[start] as string[];
  const rows = cells.slice(start + 1).filter((row) => row.length === head.length);
  return { head, rows, comma: separator !== "," && rows.some((row) => row.some((cell) => /^[+-]?\d+,\d+$/.test(cell))) };
}

/** The separator that splits most lines into the same number of columns, and into most of them. */
function separatorOf(lines: readonly string[]): string | RegExp {
  const sample = lines.slice(0, 50);
  const last = sample.at(-1) ?? "";
  const best = SEPARATORS.map((separator) => ({ separator, columns: split(last, separator).length }))
    .filter(
      ({ separator, columns }) =>
        columns > 1 && sample.filter((line) => split(line, separator).length === columns).length > sample.length / 2,
    )
    // a comma beside a semicolon is a decimal one
    .sort((a, b) => SEPARATORS.indexOf(b.separator) - SEPARATORS.indexOf(a.separator))[0];
  return best?.separator ?? /\s+/;
}

function split(line: string, separator: string | RegExp): string[] {
  if (separator instanceof RegExp) return line.trim().split(separator);
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

const isNumeric = (cell: string): boolean => /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(cell);
const isReading = (row: readonly string[] | undefined): boolean => row?.some(isNumeric) ?? false;

/** NaN where there is no number. */
export function numberOf(cell: string, comma: boolean): number {
  const text = comma ? cell.replace(",", ".") : cell;
  return isNumeric(text) ? Number(text) : Number.NaN;
}
