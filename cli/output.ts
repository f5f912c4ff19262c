/** What a command says: one JSON document or text on stdout, progress on stderr, errors in one line with a code. */
import { SwivelError } from "../src/errors.ts";

export interface Output {
  readonly json: boolean;
  /** Replaces the last progress line on a terminal; where there is none, prints a line only if `lasting`. */
  progress(text: string, lasting?: boolean): void;
  /** The command's result: `value` with --json, else `text`. */
  result(value: unknown, text: string): void;
  /** A remark that is no result. */
  note(text: string): void;
}

const CLEAR_LINE = "\r\u001b[2K";

export function makeOutput(json: boolean): Output {
  let pending = false;
  const clear = (): void => {
    if (pending) process.stderr.write(CLEAR_LINE);
    pending = false;
  };
  return {
    json,
    progress(text, lasting = false) {
      if (process.stderr.isTTY) {
        clear();
        const width = (process.stderr.columns ?? 80) - 1;
        process.stderr.write(lasting ? `${text}\n` : text.slice(0, width));
        pending = !lasting;
      } else if (lasting) process.stderr.write(`${text}\n`);
    },
    result(value, text) {
      clear();
      process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
    },
    note(text) {
      clear();
      process.stderr.write(`${text}\n`);
    },
  };
}

/** Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SwivelError)) return 1;
  if (error.code === "E_ABORTED") return 130;
  return error.code === "E_OPTION" ? 2 : 1;
}

/** One line for errors thrown on purpose; a stack only for those that are not. */
export function describe(error: unknown): string {
  if (error instanceof SwivelError) return `swivel: ${error.message}`;
  return `swivel: unexpected: ${error instanceof Error ? error.stack : String(error)}`;
}

/** Columns aligned by content: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

export const percent = (fraction: number, digits = 2): string => `${(100 * fraction).toFixed(digits)} %`;
/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");
/** 1.12 M */
export function short(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)} k` : String(value);
}
export const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
/** 1:05 */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
