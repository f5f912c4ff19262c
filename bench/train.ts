/**
 * A whole training step (forward, backward, update) of the main job's network, as a share of the peak that a register-only loop of multiply-adds
 * reaches between the steps. Multiply-adds are those of the convolutions and matrix products, forward and both gradients.
 */
import { measure, models, optimizers, Random, resolveGroups, slopeGroup, trainingGraph, wasmTrainingBackend } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { measurePeak } from "./peak.ts";
import { columns } from "./table.ts";

const ROUNDS = 25;
const SAMPLE_MS = 60;
const CLASSES = 10;
const INPUT = { channels: 1, height: 28, width: 28 };

interface Row {
  readonly simd: "relaxed" | "baseline";
  readonly batch: number;
  readonly threads: number;
  /** Median milliseconds of a step. */
  readonly ms: number;
  /** Median 10⁹ multiply-adds per second, of the step and of the peak of one thread. */
  readonly gmacs: number;
  readonly peak: number;
  /** Of the peak of one thread, with its 95 % interval. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

export async function benchTrain(): Promise<Bench> {
  const rows: Row[] = [];
  for (const simd of ["relaxed", "baseline"] as const) {
    for (const [batch, threads] of [
      [32, 1],
      [128, 1],
      [128, 2],
    ] as const) {
      rows.push(await measureStep(simd, batch, threads));
    }
  }
  const head = ["simd", "batch", "threads", "ms", "GMAC/s", "peak GMAC/s", "share of one thread's peak"];
  const lines = rows.map((row) => [
    row.simd,
    String(row.batch),
    String(row.threads),
    row.ms.toFixed(2),
    row.gmacs.toFixed(1),
    row.peak.toFixed(1),
    `${percent(row.share)} (${percent(row.low)} to ${percent(row.high)})`,
  ]);
  return { value: { network: "small-cnn", rows }, text: columns([head, ...lines]) };
}

async function measureStep(simd: "relaxed" | "baseline", batch: number, threads: number): Promise<Row> {
  const peak = await measurePeak(simd);
  const backend = await wasmTrainingBackend({ simd, threads });
  const { step, macs, dispose } = await trainingStep(backend, batch);
  const steps: number[] = [];
  const peaks: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = peak.run(SAMPLE_MS / 2);
    const [[ms = 0] = []] = await measure.interleave([step], { rounds: 1, sampleMs: SAMPLE_MS });
    const after = peak.run(SAMPLE_MS / 2);
    if (round === 0) continue;
    const reached = macs / ms / 1e6;
    steps.push(ms);
    peaks.push((before + after) / 2);
    shares.push(reached / ((before + after) / 2));
  }
  dispose();
  backend.dispose();
  const ones = shares.map(() => 1);
  const share = measure.ratioInterval(shares, ones);
  return {
    simd,
    batch,
    threads,
    ms: measure.median(steps),
    gmacs: macs / measure.median(steps) / 1e6,
    peak: measure.median(peaks),
    share: share.value,
    low: share.low,
    high: share.high,
  };
}

/** The step with random images: what is in them does not change its time. */
async function trainingStep(backend: Awaited<ReturnType<typeof wasmTrainingBackend>>, batch: number) {
  const net = models.createModel("small-cnn", { activation: "rrelu", input: INPUT, classes: CLASSES });
  const random = new Random(0);
  const optimizer = optimizers.sgd({ rate: 0.01, nesterov: true, weightDecay: 5e-4 });
  const groups = resolveGroups(net.graph, [slopeGroup({ weightDecay: 0, l1: { strength: 0.03, mode: "proximal" } })]);
  const { graph, blocks } = trainingGraph(net.graph, { groups, optimizer });
  const executable = await backend.compile(graph, { tensors: net.init(random) });
  const hyper = Object.fromEntries(blocks.map((block) => [block.hyper, Float32Array.from(optimizer.hyper(0, 1, block.group))]));
  const inputs = {
    image: Float32Array.from({ length: batch * INPUT.channels * INPUT.height * INPUT.width }, () => random.normal()),
    labels: Int32Array.from({ length: batch }, () => random.int(CLASSES)),
    ...hyper,
  };
  return {
    macs: batch * executable.explain().macs,
    step: () => executable.run(inputs, { outputs: [] }),
    dispose: () => executable.dispose(),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
