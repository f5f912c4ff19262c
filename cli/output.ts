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

/** True while stderr's last line is a progress line, which the next text replaces. */
let pending = false;

const isTerminal = (): boolean => process.stderr.isTTY === true && process.env.TERM !== "dumb";

/** Control characters out of files must not write over a terminal. */
const harmless = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, "\ufffd");

function say(text: string): void {
  if (pending) process.stderr.write(CLEAR_LINE);
  pending = false;
  process.stderr.write(`${harmless(text)}\n`);
}

export function makeOutput(json: boolean): Output {
  return {
    json,
    progress(text, lasting = false) {
      if (lasting) say(text);
      else if (isTerminal()) {
        const width = (process.stderr.columns || 80) - 1;
        process.stderr.write(CLEAR_LINE + harmless(text).slice(0, width));
        pending = true;
      }
    },
    result(value, text) {
      if (pending) process.stderr.write(CLEAR_LINE);
      pending = false;
      process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${harmless(text)}\n`);
    },
    note: say,
  };
}

/** Says what went wrong, in one line for errors thrown on purpose and a stack only for those that are not; returns the exit code. */
export function fail(error: unknown): number {
  const known = error instanceof RangeError && OUT_OF_MEMORY.test(error.message) ? outOfMemory(error) : error;
  if (known instanceof SwivelError)
    say(`swivel: ${known.message.replace("was aborted by its signal", "was interrupted").replaceAll("\n", " ")}`);
  else say(`swivel: unexpected: ${known instanceof Error ? known.stack : String(known)}`);
  return exitCodeOf(known);
}

/** Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof SwivelError)) return 1;
  if (error.code === "E_ABORTED") return 130;
  return error.code === "E_OPTION" ? 2 : 1;
}

/** What engines say where an array does not fit into memory. */
const OUT_OF_MEMORY = /array buffer allocation|invalid (typed )?array (buffer )?length/i;

const outOfMemory = (cause: RangeError): SwivelError =>
  new SwivelError("E_MEMORY", `there is not enough memory (${cause.message}); take a smaller network, batch or data set`, { cause });

/** Columns aligned by content: the first `left` to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[], left = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

export const percent = (fraction: number, digits = 2): string => `${(100 * fraction).toFixed(digits)} %`;
/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");
/** 1 image, 12,345 images */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
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
/** 45 seconds, 12 minutes, 3.5 hours */
export function span(seconds: number): string {
  if (seconds < 90) return plural(Math.max(1, Math.round(seconds)), "second");
  return seconds < 5400 ? plural(Math.round(seconds / 60), "minute") : `${(seconds / 3600).toFixed(1)} hours`;
}
/** What a training ended with. */
export function trained(
  out: string,
  test: { readonly accuracy: number; readonly count: number },
  { params, macs }: { readonly params: number; readonly macs: number },
): string {
  const accuracy = `${percent(test.accuracy)} of ${plural(test.count, "test image")} right`;
  return `${accuracy}\n${out}: ${plural(params, "parameter")}, ${short(macs)} multiply-adds`;
}
