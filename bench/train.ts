/**
 * A whole training step (forward, backward, update) as a share of the peak that a register-only loop of multiply-adds reaches in the same turns, and beside
 * jax-js (Wasm) and TensorFlow.js (CPU), in a worker of a page of Chromium. Multiply-adds are those of the direct convolutions and matrix products, forward
 * and both gradients. Peers get a smaller batch, since a step of theirs takes seconds.
 */
import { measure } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { withPages } from "./cpu/browser.ts";
import type { Simd } from "./cpu/inference.ts";
import { milliseconds, percent, range } from "./cpu/text.ts";
import { type TrainingRecord, type TrainingSamples, trainPeers } from "./cpu/training.ts";
import { columns } from "./table.ts";

/** Of the peak, by one thread; and of what the loop gains from threads. Lower ends of the intervals must meet them. */
const bars = { share: 0.45, scaling: 0.9, network: "resnet20", batch: 128, simd: "relaxed" } as const;
const ROUNDS = 6;
const PEER_BATCH = 4;
const PEER_ROUNDS = 3;

export interface TrainRow {
  readonly network: string;
  readonly simd: Simd;
  readonly batch: number;
  readonly threads: number;
  /** Median milliseconds of a step. */
  readonly ms: number;
  readonly gflops: number;
  readonly peakGflops: number;
  /** Of the peak of as many threads, with its 95 % interval. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** Of several threads: what they gain over one, and that over what the loop gains, with its interval. */
  readonly scaling?: { readonly speedup: number; readonly ofPeak: number; readonly share: measure.Interval };
  /** undefined where no bar applies. */
  readonly meets?: boolean;
}

export interface TrainPeerRow {
  readonly network: string;
  readonly peer: string;
  readonly batch: number;
  /** Milliseconds per image, and the peer's over Swivel's with its 95 % interval. */
  readonly msPerImage: number;
  readonly peerMsPerImage: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export async function benchTrain(args: readonly string[]): Promise<Bench> {
  const options = new Args(args, ["network", "batch", "threads", "simd", "peers", "rounds", "peer-batch", "peer-rounds"]);
  const [network = bars.network] = options.names("network", { of: ["resnet20", "small-cnn"], usual: [bars.network] });
  const [batch = bars.batch] = options.integers("batch", [bars.batch], 2);
  const threads = options.integers("threads", [1, 2]);
  const simds = options.names("simd", { of: ["relaxed", "baseline"] });
  const peers = options.names("peers", { of: trainPeers });
  const [rounds = ROUNDS] = options.integers("rounds", [ROUNDS], 2);
  const [peerBatch = PEER_BATCH] = options.integers("peer-batch", [PEER_BATCH], 2);
  const [peerRounds = PEER_ROUNDS] = options.integers("peer-rounds", [PEER_ROUNDS], 2);

  const rows: TrainRow[] = [];
  const beside: TrainPeerRow[] = [];
  const failed: Record<string, string> = {};
  const losses: Record<string, readonly number[]> = {};
  const browser = await withPages("bench-train", async ({ browser, run }) => {
    for (const [i, simd] of simds.entries()) {
      const own = { kind: "training", network, batch, simd, threads, rounds, sampleMs: 100, warmMs: 300 } as const;
      // beside peers once, in the faster build
      const record = await run({ ...own, peers: i === 0 ? peers : [], peerBatch, peerRounds });
      rows.push(...trainRows(network, simd, record));
      beside.push(...peerRows(network, record));
      Object.assign(failed, record.failed);
      Object.assign(losses, record.losses);
    }
    return browser;
  });
  const text = [
    tableOf(rows),
    ...(beside.length > 0 ? ["", peerTable(beside)] : []),
    ...Object.entries(failed).map(([peer, why]) => `${peer}: ${why}`),
    `${network}; ✓ ✗: at least ${percent(bars.share)} of the peak in one thread, ${bars.scaling} of the loop's gain from more (${bars.network}, batch ${bars.batch}, ${bars.simd} SIMD)`,
    browser,
  ];
  return { value: { bars, browser, rows, peers: beside, losses, failed }, text: text.join("\n") };
}

const rates = ({ macs, ms }: TrainingSamples): number[] => ms.map((time) => macs / time / 1e6);
const product = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x * (b[i] as number));

export function trainRows(network: string, simd: Simd, { steps, peaks }: Pick<TrainingRecord, "steps" | "peaks">): TrainRow[] {
  const one = steps.findIndex(({ threads }) => threads === 1);
  return steps.map((own, i): TrainRow => {
    const peak = peaks[i] as TrainingSamples;
    const { value: share, low, high } = measure.ratioInterval(rates(own), rates(peak));
    const { threads, batch } = own;
    const row = { network, simd, batch, threads, ms: measure.median(own.ms), share, low, high };
    const gflops = { gflops: 2 * measure.median(rates(own)), peakGflops: 2 * measure.median(rates(peak)) };
    const judged = network === bars.network && batch === bars.batch && simd === bars.simd;
    const [oneStep, onePeak] = [steps[one], peaks[one]];
    if (threads === 1 || !oneStep || !onePeak) return { ...row, ...gflops, ...(judged && threads === 1 && { meets: low >= bars.share }) };
    const scaling = {
      speedup: measure.ratioInterval(oneStep.ms, own.ms).value,
      ofPeak: measure.ratioInterval(rates(peak), rates(onePeak)).value,
      share: measure.ratioInterval(product(oneStep.ms, rates(onePeak)), product(own.ms, rates(peak))),
    };
    return { ...row, ...gflops, scaling, ...(judged && { meets: scaling.share.low >= bars.scaling }) };
  });
}

function peerRows(network: string, { peers }: TrainingRecord): TrainPeerRow[] {
  return Object.entries(peers).map(([name, { peer, own }]) => {
    const { batch } = own;
    const { value: ratio, low, high } = measure.ratioInterval(peer.ms, own.ms);
    const perImage = (samples: TrainingSamples): number => measure.median(samples.ms) / batch;
    return {
      network,
      peer: name,
      batch,
      msPerImage: perImage(own),
      peerMsPerImage: perImage(peer),
      ratio,
      low,
      high,
      rounds: own.ms.length,
    };
  });
}

function tableOf(rows: readonly TrainRow[]): string {
  const head = ["network", "SIMD", "batch", "threads", "ms", "GFLOP/s", "peak", "of peak", "95 %", "gain", "of the peak's", ""];
  const lines = rows.map(({ network, simd, batch, threads, ms, gflops, peakGflops, share, low, high, scaling, meets }) => [
    ...[network, simd, String(batch), String(threads), milliseconds(ms), gflops.toFixed(1), peakGflops.toFixed(1), percent(share)],
    `${percent(low)} to ${percent(high)}`,
    ...(scaling ? [`${scaling.speedup.toFixed(2)}×`, `${scaling.share.value.toFixed(2)} (${range(scaling.share.low, scaling.share.high)})`] : ["", ""]), // biome-ignore format: one line
    meets === undefined ? "" : meets ? "✓" : "✗",
  ]);
  return columns([head, ...lines], 2);
}

function peerTable(rows: readonly TrainPeerRow[]): string {
  const head = ["peer", "batch", "its ms/image", "swivel ms/image", "factor", "95 %", "samples"];
  const lines = rows.map(({ peer, batch, msPerImage, peerMsPerImage, ratio, low, high, rounds }) => [
    ...[peer, String(batch), milliseconds(peerMsPerImage), milliseconds(msPerImage)],
    ...[`${ratio.toFixed(0)}×`, `${low.toFixed(0)} to ${high.toFixed(0)}`, String(rounds)],
  ]);
  return columns([head, ...lines], 1);
}
