/**
 * Dispatches, and the bytes that they bind for reading and writing (weights included), per inference of the packed network and per training step;
 * and onnxruntime-web's for the same inference. Bytes are sizes of tensors: what caches save, and what a shader reads twice, is not in them.
 */
import type { Graph } from "swivel-nn";
import { optimizers, webgpuDispatches } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { type Network, network, packed, pruned, trainingStep } from "./networks.ts";
import { type OrtDispatches, ortDispatches } from "./ort_dispatches.ts";
import { columns, count } from "./table.ts";

const TRAINING_BATCH = 128;

interface Row {
  readonly network: string;
  readonly run: "inference" | "training step";
  readonly batch: number;
  readonly engine: string;
  /** null where some op has no shader yet; see `unsupported`. */
  readonly dispatches: number | null;
  readonly bytesRead: number | null;
  readonly bytesWritten: number | null;
  readonly unsupported?: readonly string[];
  /** Each dispatch in order. */
  readonly detail: readonly {
    readonly shader: string;
    readonly node?: string;
    readonly bytesRead: number;
    readonly bytesWritten: number;
  }[];
}

export async function benchDispatches(): Promise<Bench> {
  const optimizer = optimizers.sgd({ rate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
  const networks = [
    network("lenet", "relu"),
    network("lenet", "rrelu"),
    network("resnet20", "relu"),
    network("resnet20", "rrelu"),
    await pruned("resnet20"),
  ];
  const peers = await ortDispatches(networks.map(packed));
  const rows = networks.flatMap((net, i): Row[] => [
    ours(net, "inference", 1, packed(net).graph),
    theirs(net, peers[i] as OrtDispatches),
    ours(net, "training step", TRAINING_BATCH, trainingStep(net, optimizer)),
  ]);
  const { adapter, version } = peers[0] as OrtDispatches;
  const head = ["network", "run", "batch", "engine", "dispatches", "kB read", "kB written"];
  const lines = rows.map((row) => [
    row.network,
    row.run,
    String(row.batch),
    row.engine,
    row.dispatches === null ? "–" : count(row.dispatches),
    kilobytes(row.bytesRead),
    kilobytes(row.bytesWritten),
  ]);
  const notes = rows.flatMap(({ unsupported, ...row }) =>
    unsupported ? [`– ${row.network}, ${row.run}: no shader yet for ${unsupported.join(", ")}`] : [],
  );
  const how = `onnxruntime-web ${version} in Chromium on ${adapter}; bytes are sizes of the tensors that dispatches bind`;
  return { value: { onnxruntimeWeb: { version, adapter }, rows }, text: [columns([head, ...lines], 2), ...notes, how].join("\n") };
}

function ours({ name }: Network, run: Row["run"], batch: number, graph: Graph): Row {
  const { dispatches, unsupported } = webgpuDispatches(graph, { batch });
  const detail = dispatches.map(({ shader, node, bindings }) => {
    const bytes = (use: "reads" | "writes") => {
      // a tensor that is bound twice, as numbers and as vectors, counts once
      const used = new Map(bindings.filter((binding) => binding[use]).map((one) => [one.value ?? one.binding, one.bytes]));
      return [...used.values()].reduce((sum, size) => sum + size, 0);
    };
    return { shader: shader.name, node, bytesRead: bytes("reads"), bytesWritten: bytes("writes") };
  });
  const whole = unsupported.length === 0;
  return {
    ...{ network: name, run, batch, engine: "swivel" },
    ...(whole ? totals(detail) : { dispatches: null, bytesRead: null, bytesWritten: null }),
    ...(whole ? {} : { unsupported: [...new Set(unsupported.map(({ op }) => op))] }),
    detail,
  };
}

function theirs({ name }: Network, { dispatches }: OrtDispatches): Row {
  const row = { network: name, run: "inference", batch: 1, engine: "onnxruntime-web" } as const;
  return { ...row, ...totals(dispatches), detail: dispatches };
}

function totals(detail: Row["detail"]) {
  const sum = (key: "bytesRead" | "bytesWritten") => detail.reduce((total, one) => total + one[key], 0);
  return { dispatches: detail.length, bytesRead: sum("bytesRead"), bytesWritten: sum("bytesWritten") };
}

const kilobytes = (bytes: number | null): string => (bytes === null ? "" : count(Math.round(bytes / 1000)));
