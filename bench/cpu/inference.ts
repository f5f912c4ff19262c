/** One network on all engines in turns, in a worker or in a window: raw samples, of which ./rows.ts makes a table. */
import { measure } from "swivel-nn/training";
import { AGREES, differenceFrom, type Started } from "../peers/compare.ts";
import { fetchBytes, noise } from "../peers/data.ts";
import { type NetworkFiles, onnxruntime, type Peer, swivel, tensorflow } from "../peers/engines.ts";
import type { ServedNetwork } from "../peers/networks.ts";
import { type Spinners, startSpinners } from "./spin.ts";
import { LEAD_MS, type Status, type TurnTimes, warmUp } from "./turns.ts";

export type Simd = "relaxed" | "baseline";

export const peerNames = ["onnxruntime-web", "tensorflow.js"] as const;
export type PeerName = (typeof peerNames)[number];

export interface InferenceJob extends TurnTimes {
  readonly kind: "inference";
  readonly network: ServedNetwork;
  readonly batches: readonly number[];
  readonly threads: number;
  readonly simds: readonly Simd[];
  readonly peers: readonly PeerName[];
  /** As many as fit into `budgetMs` unless given, but between `LEAST_ROUNDS` and `MOST_ROUNDS`. */
  readonly rounds?: number;
  readonly budgetMs: number;
}

/** What was timed: Swivel (by SIMD and threads), a peer, or the register-only loop. */
export interface Timed {
  readonly what: "swivel" | "peer" | "peak";
  readonly simd?: Simd;
  readonly peer?: PeerName;
  readonly threads: number;
  /** Multiply-adds of a call. */
  readonly macs: number;
  /** Milliseconds per call, one number per round. */
  readonly ms: readonly number[];
}

export interface InferenceRecord {
  readonly network: string;
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
  readonly timed: readonly Timed[];
  /** Largest difference of each peer's outputs, and of Swivel's other variants, from those of its first, over the largest output. */
  readonly differences: Readonly<Record<string, number>>;
  /** Engines that did not run, or gave other outputs and were not timed, and why. */
  readonly failed: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
}

const LEAST_ROUNDS = 4;
const MOST_ROUNDS = 40;

type Candidate = Omit<Timed, "ms"> & { readonly name: string; readonly run: () => Promise<unknown> };

/** `base`: address of the folder that bench/site.ts made. */
export async function measureInference(job: InferenceJob, base: URL, status: Status): Promise<InferenceRecord[]> {
  const { network, threads } = job;
  const [model, onnx] = await Promise.all(
    ["safetensors", "onnx"].map((ext) => fetchBytes(new URL(`networks/${network.name}.${ext}`, base))),
  );
  const files = { model: model as Uint8Array<ArrayBuffer>, onnx: onnx as Uint8Array<ArrayBuffer> };
  const peers = await loadPeers(job.peers, threads, base);
  const spinners: (Candidate & Pick<Spinners, "dispose">)[] = [];
  for (const simd of job.simds) {
    const module = await WebAssembly.compile(await fetchBytes(new URL(`peak.${simd}.wasm`, base)));
    for (const count of new Set([1, threads])) {
      const { run, macs, dispose } = await startSpinners(module, count, new URL("spin_worker.js", base));
      spinners.push({ what: "peak", name: `peak ${simd} ${count}`, simd, threads: count, macs, run, dispose });
    }
  }
  const records: InferenceRecord[] = [];
  for (const batch of job.batches) {
    const shape = [batch, ...network.shape];
    records.push(
      await measureBatch(job, { ...files, shape }, peers, spinners, (text) => status(`${network.title}, batch ${batch}: ${text}`)),
    );
  }
  for (const spinner of spinners) spinner.dispose();
  return records;
}

type LoadedPeers = readonly (readonly [name: PeerName, peer: Peer | Error])[];

async function loadPeers(names: readonly PeerName[], threads: number, base: URL): Promise<LoadedPeers> {
  const library = (path: string) => ({ backend: "wasm", threads, library: new URL(path, base).href }) as const;
  const load = {
    "onnxruntime-web": () => onnxruntime(library("ort/ort.wasm.min.mjs")),
    "tensorflow.js": () => tensorflow(library("tf/")),
  };
  const loaded: [PeerName, Peer | Error][] = [];
  for (const name of names) loaded.push([name, await load[name]().catch((error: Error) => error)]);
  return loaded;
}

async function measureBatch(
  job: InferenceJob,
  files: NetworkFiles,
  peers: LoadedPeers,
  spinners: readonly Candidate[],
  status: Status,
): Promise<InferenceRecord> {
  const { network, threads } = job;
  const batch = files.shape[0] as number;
  const macs = batch * network.macs;
  const input = noise(files.shape.reduce((a, b) => a * b, 1));
  const started: Started[] = [];
  const engines: Candidate[] = [];
  const failed: Record<string, string> = {};
  const start = async (candidate: Omit<Candidate, "run" | "macs">, begin: () => Promise<Started>): Promise<void> => {
    status(`starting ${candidate.name}`);
    try {
      const { engine, ...first } = await begin();
      started.push({ engine: { ...engine, name: candidate.name }, ...first });
      engines.push({ ...candidate, macs, run: () => engine.run(input) });
    } catch (error) {
      failed[candidate.name] = String((error as Error)?.message ?? error);
    }
  };
  // with threads also by one of them: what the others gain is measured in the same turns
  for (const count of new Set([threads, 1])) {
    for (const simd of job.simds) {
      const worker = count > 1 && typeof document !== "undefined";
      const begin = swivel({ backend: "wasm", threads: count, simd, worker });
      await start({ what: "swivel", name: `swivel ${simd} ${count}`, simd, threads: count }, () => begin(files, input));
    }
  }
  for (const [name, peer] of peers)
    await start({ what: "peer", name, peer: name, threads }, () =>
      peer instanceof Error ? Promise.reject(peer) : peer.start(files, input),
    );

  try {
    const expected = started[0]?.firstOutput ?? new Float32Array();
    const differences = Object.fromEntries(started.map(({ engine, firstOutput }) => [engine.name, differenceFrom(expected, firstOutput)]));
    for (const [name, difference] of Object.entries(differences)) {
      if (!(difference <= AGREES)) failed[name] = `its outputs are other ones, ${difference.toPrecision(2)} of the largest away`;
    }
    const candidates = [...engines.filter(({ name }) => failed[name] === undefined), ...spinners];
    const runs = candidates.map(({ run }) => run);
    const roundMs = await warmUp(runs, job);
    const rounds = job.rounds ?? Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, Math.floor(job.budgetMs / roundMs)));
    status(`${rounds} rounds`);
    const samples = await measure.interleave(runs, { rounds, sampleMs: job.sampleMs, leadMs: LEAD_MS });
    return {
      network: network.name,
      batch,
      threads,
      rounds,
      timed: candidates.map(({ what, simd, peer, threads, macs }, i) => ({ what, simd, peer, threads, macs, ms: samples[i] as number[] })),
      differences,
      failed,
      versions: Object.fromEntries(peers.map(([name, peer]) => [name, peer instanceof Error ? "did not load" : peer.version])),
    };
  } finally {
    for (const { engine } of started) await engine.dispose();
  }
}
