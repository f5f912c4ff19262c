/** Tables for people, of what was measured on the CPU. */
import { columns } from "../table.ts";
import type { Verdict } from "./bars.ts";
import type { InferenceRecord } from "./inference.ts";
import type { PeakRow, Row } from "./rows.ts";

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
export const milliseconds = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));
export const range = (low: number, high: number): string => `${low.toFixed(2)} to ${high.toFixed(2)}`;

/** One line for each variant of Swivel, with its peers beside it. */
export function inferenceTable(rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap(({ peer }) => peer ?? []))];
  const scales = rows.some(({ scaling }) => scaling);
  const head = ["network", "SIMD", "batch", "threads", "ms", "GFLOP/s", "of peak", ...(scales ? ["gain"] : [])];
  const lines = new Map<string, string[]>();
  for (const row of rows) {
    const { network, simd, batch, threads, ms, gflops, shareOfPeak, scaling } = row;
    const key = [network, simd, batch, threads].join();
    const facts = [network, simd, String(batch), String(threads), milliseconds(ms), gflops.toFixed(1), percent(shareOfPeak)];
    const gain = scaling ? `${scaling.speedup.value.toFixed(2)}×` : "";
    const found = lines.get(key) ?? [...facts, ...(scales ? [gain] : []), ...peers.flatMap(() => ["—", "—", ""])];
    if (row.peer !== null) {
      const at = head.length + 3 * peers.indexOf(row.peer);
      const { peerMs, ratio, low, high } = row as { [K in keyof Row]: NonNullable<Row[K]> };
      found.splice(at, 3, milliseconds(peerMs), `${ratio.toFixed(2)}×`, range(low, high));
    }
    lines.set(key, found);
  }
  return columns([[...head, ...peers.flatMap((peer) => [`${peer} ms`, "factor", "95 %"])], ...lines.values()], 2);
}

export function peakLine(peaks: readonly PeakRow[]): string {
  const list = peaks.map(
    ({ simd, threads, gflops }) => `${gflops.toFixed(1)} (${simd}, ${threads} ${threads === 1 ? "thread" : "threads"})`,
  );
  return `peak of the register-only loop, GFLOP/s: ${list.join(", ")}`;
}

export function failureLines(records: readonly InferenceRecord[]): string[] {
  return records.flatMap(({ network, batch, threads, failed }) =>
    Object.entries(failed).map(
      ([name, why]) => `${network}, batch ${batch}, ${threads} ${threads === 1 ? "thread" : "threads"}: ${name}: ${why}`,
    ),
  );
}

const where = ({ network, batch, threads, simd, what }: Verdict): string =>
  what === "threads"
    ? `${network}, ${threads} threads for one, ${simd}`
    : `${network} beside ${what}, ${simd}, batch ${batch}, threads ${threads}`;

/** Bars that are missed by name, of the others how many there are. */
export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const missed = verdicts.filter(({ meets }) => !meets);
  const lines = missed.map((verdict) => {
    const { value, low, high, bar } = verdict;
    return `✗ ${where(verdict)}: ${value.toFixed(2)} (${range(low, high)}), bar ${bar}`;
  });
  return [`bars met: ${verdicts.length - missed.length} of ${verdicts.length}`, ...lines];
}
