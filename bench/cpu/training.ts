/** A whole training step (forward, backward, update) in turns with the register-only loop and, of a smaller batch, with peers. In a worker. */
import { measure, wasmTrainingBackend } from "swivel-nn/training";
import { fetchBytes } from "../peers/data.ts";
import {
  swivelStep,
  type TrainEngine,
  type TrainNetwork,
  type TrainNetworkName,
  trainBatch,
  trainNetwork,
} from "../peers/train_network.ts";
import type { Simd } from "./inference.ts";
import { type Spinners, startSpinners } from "./spin.ts";
import { LEAD_MS, type Status, type TurnTimes, warmUp } from "./turns.ts";

export const trainPeers = ["jax-js", "tensorflow.js"] as const;
export type TrainPeer = (typeof trainPeers)[number];

export interface TrainingJob extends TurnTimes {
  readonly kind: "training";
  readonly network: TrainNetworkName;
  readonly batch: number;
  readonly simd: Simd;
  /** Each number of threads is measured beside the others and beside as many of the loop. */
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly peers: readonly TrainPeer[];
  readonly peerBatch: number;
  readonly peerRounds: number;
}

/** Samples of one engine, in milliseconds per call. */
export interface TrainingSamples {
  readonly threads: number;
  /** Of a call: multiply-adds of convolutions and products, forward and both gradients. */
  readonly macs: number;
  readonly batch: number;
  readonly ms: readonly number[];
}

export interface TrainingRecord {
  readonly steps: readonly TrainingSamples[];
  readonly peaks: readonly TrainingSamples[];
  /** Each peer with Swivel's steps of one thread that were measured in turns with it, at its batch. */
  readonly peers: Readonly<Partial<Record<TrainPeer, { readonly peer: TrainingSamples; readonly own: TrainingSamples }>>>;
  /** Losses of the first steps at the peers' batch, which must be the same. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
  readonly failed: Readonly<Record<string, string>>;
}

/** Losses further apart than this, relative to the first, are those of another step. */
const AGREES = 2e-3;
const CHECKED_STEPS = 3;

type Own = TrainEngine & { readonly macs: number };

async function ownStep(network: TrainNetwork, batch: number, simd: Simd, threads: number): Promise<Own> {
  const backend = await wasmTrainingBackend({ simd, threads });
  const { graph, hyper } = swivelStep(network);
  const executable = await backend.compile(graph, { tensors: network.tensors });
  const { images, labels } = trainBatch(network, batch);
  const inputs = { [network.graph.inputs[0] as string]: images, labels, ...hyper };
  return {
    macs: batch * executable.explain().macs,
    step: async () => Number((await executable.run(inputs)).loss?.[0]),
    dispose() {
      executable.dispose();
      backend.dispose();
    },
  };
}

export async function measureTraining(job: TrainingJob, base: URL, status: Status): Promise<TrainingRecord> {
  const { batch, simd, threads, rounds } = job;
  const network = trainNetwork(job.network);
  const module = await WebAssembly.compile(await fetchBytes(new URL(`peak.${simd}.wasm`, base)));
  const spinners: Spinners[] = [];
  const steps: Own[] = [];
  for (const count of threads) {
    spinners.push(await startSpinners(module, count, new URL("spin_worker.js", base)));
    steps.push(await ownStep(network, batch, simd, count));
  }
  const runs = [...steps.map(({ step }) => step), ...spinners.map(({ run }) => run)];
  status(`${job.network}, batch ${batch}, ${simd}: ${rounds} rounds`);
  await warmUp(runs, job);
  const samples = await measure.interleave(runs, { rounds, sampleMs: job.sampleMs, leadMs: LEAD_MS });
  for (const one of [...steps, ...spinners]) one.dispose();
  const samplesOf = (list: readonly { readonly macs: number }[], from: number): TrainingSamples[] =>
    list.map(({ macs }, i) => ({ threads: threads[i] as number, macs, batch, ms: samples[from + i] as number[] }));
  return { steps: samplesOf(steps, 0), peaks: samplesOf(spinners, steps.length), ...(await measurePeers(network, job, status)) };
}

async function measurePeers(
  network: TrainNetwork,
  job: TrainingJob,
  status: Status,
): Promise<Pick<TrainingRecord, "peers" | "losses" | "failed">> {
  const { peerBatch, peerRounds, simd, sampleMs } = job;
  const data = trainBatch(network, peerBatch);
  const starts = {
    "jax-js": async () => (await import("../peers/train_jax.ts")).jaxStep(network, data),
    "tensorflow.js": async () => (await import("../peers/train_tensorflow.ts")).tensorflowStep(network, data),
  };
  const peers: { -readonly [K in TrainPeer]?: { peer: TrainingSamples; own: TrainingSamples } } = {};
  const losses: Record<string, number[]> = {};
  const failed: Record<string, string> = {};
  for (const name of job.peers) {
    status(`${job.network}, batch ${peerBatch}: ${name}`);
    const own = await ownStep(network, peerBatch, simd, 1);
    try {
      const peer = await starts[name]();
      const ours = await firstLosses(own);
      losses.swivel = ours;
      losses[name] = await firstLosses(peer);
      const apart = Math.max(...ours.map((loss, i) => Math.abs(loss - (losses[name]?.[i] as number)))) / (ours[0] as number);
      if (!(apart <= AGREES)) failed[name] = `its losses are other ones: ${losses[name].join(", ")} beside ${ours.join(", ")}`;
      else {
        const [a = [], b = []] = await measure.interleave([own.step, peer.step], { rounds: peerRounds, sampleMs });
        const one = { threads: 1, macs: own.macs, batch: peerBatch };
        peers[name] = { own: { ...one, ms: a }, peer: { ...one, ms: b } };
      }
      peer.dispose();
    } catch (error) {
      failed[name] = String((error as Error)?.message ?? error);
    } finally {
      own.dispose();
    }
  }
  return { peers, losses, failed };
}

async function firstLosses({ step }: TrainEngine): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await step());
  return losses;
}
