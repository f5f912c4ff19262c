/** What is asked of inference on the CPU (the bars of docs/benchmarks.md), and which rows meet it. The lower end of an interval must. */
import type { PeerName } from "./inference.ts";
import type { Row } from "./rows.ts";

/** Times of a peer over Swivel's, at batch 1 and one thread. */
export const bars = {
  relaxed: {
    "onnxruntime-web": { lenet: 3, resnet20: 2.5, resnet56: 2.5, "wrn-16-4": 2.5, resnet18: 2, "mobilenet-v2": 1.5 },
    "tensorflow.js": { lenet: 3, resnet20: 3, resnet56: 3, "wrn-16-4": 3, resnet18: 3, "mobilenet-v2": 3 },
  },
  baseline: {
    "onnxruntime-web": { lenet: 2, resnet20: 1.5, resnet56: 1.5, "wrn-16-4": 1.5, resnet18: 1.5 },
    "tensorflow.js": {},
  },
  /** Everywhere else: at other batches, with more threads. */
  elsewhere: 1,
  /** Of what the register-only loop gains from threads, at batch 1, for networks of so many multiply-adds and more; smaller ones must lose nothing. */
  scaling: 0.9,
  scalingFrom: 100e6,
} as const;

export interface Verdict {
  readonly network: string;
  readonly batch: number;
  readonly threads: number;
  readonly simd: Row["simd"];
  readonly what: PeerName | "threads";
  readonly bar: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly meets: boolean;
}

/** `macs`: of each network, per example. */
export function judge(rows: readonly Row[], macs: Readonly<Record<string, number>>): Verdict[] {
  return rows.flatMap((row, i) => {
    const { network, batch, threads, simd, peer, ratio, low, high, scaling } = row;
    const at = { network, batch, threads, simd };
    const verdicts: Verdict[] = [];
    if (peer !== null) {
      const special = (bars[simd][peer] as Readonly<Record<string, number>>)[network];
      const bar = batch === 1 && threads === 1 && special !== undefined ? special : bars.elsewhere;
      verdicts.push({
        ...at,
        what: peer,
        bar,
        value: ratio as number,
        low: low as number,
        high: high as number,
        meets: (low as number) >= bar,
      });
    }
    // once for all peers
    const again = rows.findIndex(
      (other) => other.network === network && other.batch === batch && other.threads === threads && other.simd === simd,
    );
    if (scaling && batch === 1 && again === i) {
      const large = (macs[network] ?? 0) >= bars.scalingFrom;
      const { value, low, high } = large ? scaling.share : scaling.speedup;
      // equal times lie on both sides of 1: a loss must show
      verdicts.push({
        ...at,
        what: "threads",
        bar: large ? bars.scaling : 1,
        value,
        low,
        high,
        meets: large ? low >= bars.scaling : high >= 1,
      });
    }
    return verdicts;
  });
}
