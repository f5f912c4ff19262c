/** What the samples of one network say: times, ratios with their intervals, shares of the peak. No clock and no browser here. */
import { measure } from "swivel-nn/training";
import type { InferenceRecord, PeerName, Simd, Timed } from "./inference.ts";

export interface Row {
  readonly network: string;
  readonly batch: number;
  readonly threads: number;
  /** Swivel's build; peers have one. */
  readonly simd: Simd;
  /** null where nobody was compared with. */
  readonly peer: PeerName | null;
  /** Median milliseconds of a call: of the whole batch. */
  readonly ms: number;
  readonly peerMs: number | null;
  /** peerMs / ms, pair by pair, with its 95 % interval. */
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Swivel's, two operations for each multiply-add of the direct computation. */
  readonly gflops: number;
  /** Of what the register-only loop reaches with as many threads and the same SIMD in the same rounds. */
  readonly shareOfPeak: number;
  readonly rounds: number;
  /** Of several threads: one thread's time over theirs, what the loop gains from as many, and the first over the second with its interval. */
  readonly scaling?: { readonly speedup: measure.Interval; readonly ofPeak: number; readonly share: measure.Interval };
}

/** 10⁹ operations per second of the register-only loop, by SIMD and threads: medians of all rounds. */
export interface PeakRow {
  readonly simd: Simd;
  readonly threads: number;
  readonly gflops: number;
}

const find = (timed: readonly Timed[], what: Timed["what"], match: Partial<Timed>): Timed | undefined =>
  timed.find((one) => one.what === what && Object.entries(match).every(([key, value]) => one[key as keyof Timed] === value));

/** 10⁹ multiply-adds per second, round by round. */
const rates = ({ macs, ms }: Timed): number[] => ms.map((time) => macs / time / 1e6);
const product = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x * (b[i] as number));

export function rowsOf({ network, batch, threads, rounds, timed }: InferenceRecord): Row[] {
  return timed
    .filter((one) => one.what === "swivel" && one.threads === threads)
    .flatMap((own) => {
      const simd = own.simd as Simd;
      const peak = find(timed, "peak", { simd, threads }) as Timed;
      const shareOfPeak = measure.ratioInterval(rates(own), rates(peak)).value;
      const ms = measure.median(own.ms);
      const row = { network, batch, threads, simd, ms, gflops: (2 * own.macs) / ms / 1e6, shareOfPeak, rounds };
      const scaling = scalingOf(timed, own, peak);
      const peers = timed.filter(({ what }) => what === "peer");
      if (peers.length === 0) return [{ ...row, peer: null, peerMs: null, ratio: null, low: null, high: null, ...scaling }];
      return peers.map((peer): Row => {
        const { value: ratio, low, high } = measure.ratioInterval(peer.ms, own.ms);
        return { ...row, peer: peer.peer as PeerName, peerMs: measure.median(peer.ms), ratio, low, high, ...scaling };
      });
    });
}

function scalingOf(timed: readonly Timed[], own: Timed, peak: Timed): Pick<Row, "scaling"> {
  const { simd } = own;
  const [one, onePeak] = [find(timed, "swivel", { simd, threads: 1 }), find(timed, "peak", { simd, threads: 1 })];
  if (own.threads === 1 || !one || !onePeak) return {};
  const gain = measure.ratioInterval(rates(peak), rates(onePeak)).value;
  const share = measure.ratioInterval(product(one.ms, rates(onePeak)), product(own.ms, rates(peak)));
  return { scaling: { speedup: measure.ratioInterval(one.ms, own.ms), ofPeak: gain, share } };
}

export function peaksOf(records: readonly InferenceRecord[]): PeakRow[] {
  const all = new Map<string, { simd: Simd; threads: number; rates: number[] }>();
  for (const one of records.flatMap(({ timed }) => timed).filter(({ what }) => what === "peak")) {
    const { simd, threads } = one as Timed & { simd: Simd };
    const entry = all.get(`${simd} ${threads}`) ?? { simd, threads, rates: [] };
    entry.rates.push(...rates(one));
    all.set(`${simd} ${threads}`, entry);
  }
  return [...all.values()].map(({ simd, threads, rates }) => ({ simd, threads, gflops: 2 * measure.median(rates) }));
}
