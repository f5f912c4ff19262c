/** The page of `bench -- gpu`: measures on a button, or when a script calls `measureAll`. */
import { type Comparison, compare, type Started } from "../peers/compare.ts";
import { fetchBytes, noise } from "../peers/data.ts";
import { expectedOutputs, type NetworkFiles, onnxruntime, type Start, swivel, tensorflow } from "../peers/engines.ts";
import type { ServedNetwork } from "../peers/networks.ts";

export interface GpuRow extends Partial<Comparison> {
  readonly network: string;
  readonly batch: number;
  readonly macs: number;
  /** Engines that did not run this network here, and why. */
  readonly failed: Readonly<Record<string, string>>;
}

export interface GpuRecord {
  readonly kind: "swivel-gpu-bench";
  readonly date: string;
  readonly userAgent: string;
  readonly adapter: { readonly name: string; readonly software: boolean };
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly GpuRow[];
}

export interface MeasureOptions {
  /** Names of networks; all unless given. */
  readonly networks?: readonly string[];
  readonly rounds?: number;
  /** A sample repeats an inference for so long. */
  readonly sampleMs?: number;
}

const byId = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const status = (text: string): void => {
  byId("status").textContent = text;
};

interface Peers {
  readonly starts: readonly (readonly [name: string, start: Start])[];
  readonly versions: Readonly<Record<string, string>>;
}

let peers: Promise<Peers> | undefined;

/** Loads the peers' libraries once. One that does not start is left out of all rows, with the reason in each. */
function loadPeers(): Promise<Peers> {
  peers ??= (async () => {
    const [ort, tf] = await Promise.allSettled([
      onnxruntime({ backend: "webgpu", threads: 1, library: "./ort/ort.webgpu.min.mjs" }),
      tensorflow({ backend: "webgpu", threads: 1, library: "" }),
    ]);
    const refused =
      (reason: unknown): Start =>
      () =>
        Promise.reject(reason);
    const starts = [
      ["swivel", swivel({ backend: "webgpu" })],
      ["onnxruntime-web", ort.status === "fulfilled" ? ort.value.start : refused(ort.reason)],
      ["tensorflow.js", tf.status === "fulfilled" ? tf.value.start : refused(tf.reason)],
    ] as const;
    const version = (peer: PromiseSettledResult<{ version: string }>) =>
      peer.status === "fulfilled" ? peer.value.version : "did not load";
    return { starts, versions: { "onnxruntime-web": version(ort), "tensorflow.js": version(tf) } };
  })();
  return peers;
}

async function measureOne(network: ServedNetwork, { starts }: Peers, rounds: number, sampleMs: number): Promise<GpuRow> {
  const files: NetworkFiles = {
    model: await fetchBytes(`networks/${network.name}.safetensors`),
    onnx: await fetchBytes(`networks/${network.name}.onnx`),
    shape: [1, ...network.shape],
  };
  const input = noise(network.shape.reduce((a, b) => a * b, 1));
  const started: Started[] = [];
  const failed: Record<string, string> = {};
  for (const [name, start] of starts) {
    status(`${network.title}: starting ${name} …`);
    try {
      started.push(await start(files, input));
    } catch (error) {
      failed[name] = String((error as Error)?.message ?? error);
    }
  }
  const row = { network: network.name, batch: 1, macs: network.macs, failed };
  try {
    if (started[0]?.engine.name !== "swivel") return row;
    const onRound = (round: number) => status(`${network.title}: round ${round} of ${rounds} …`);
    const expected = await expectedOutputs(files.model, input);
    return { ...row, ...(await compare(started, { input, expected, rounds, sampleMs, onRound })) };
  } finally {
    for (const { engine } of started) await engine.dispose();
  }
}

async function adapterFacts(): Promise<GpuRecord["adapter"] | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = [...new Set([vendor, architecture, device, description])].filter((word) => word).join(" ");
  return { name, software: isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(name) };
}

export async function measureAll({ networks, rounds = 20, sampleMs = 100 }: MeasureOptions = {}): Promise<GpuRecord> {
  const adapter = await adapterFacts();
  if (!adapter) throw new Error("this browser has no WebGPU adapter");
  const served = (await (await fetch("networks/index.json")).json()) as ServedNetwork[];
  const loaded = await loadPeers();
  const rows: GpuRow[] = [];
  for (const network of served) {
    if (networks && !networks.includes(network.name)) continue;
    rows.push(await measureOne(network, loaded, rounds, sampleMs));
    show(rows, served);
  }
  const { versions } = loaded;
  return { kind: "swivel-gpu-bench", date: new Date().toISOString(), userAgent: navigator.userAgent, adapter, versions, rows };
}

const time = (ms: number | undefined): string => (ms === undefined ? "—" : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`);

function show(rows: readonly GpuRow[], served: readonly ServedNetwork[]): void {
  const table = byId("results") as HTMLTableElement;
  table.replaceChildren();
  const line = (cells: readonly string[], tag: "th" | "td"): void => {
    const row = table.insertRow();
    for (const cell of cells) row.append(Object.assign(document.createElement(tag), { textContent: cell }));
  };
  line(["network", "Swivel", "onnxruntime-web", "factor", "TensorFlow.js", "factor"], "th");
  for (const { network, ms, ratios, failed, disagrees = [] } of rows) {
    const factor = (peer: string): string => {
      const ratio = ratios?.[peer];
      return ratio ? `${ratio.value.toFixed(2)}× (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})` : "—";
    };
    const cell = (engine: string): string =>
      failed[engine] === undefined ? `${time(ms?.[engine])}${disagrees.includes(engine) ? " *" : ""}` : "failed";
    const title = served.find(({ name }) => name === network)?.title ?? network;
    const [ort, tf] = ["onnxruntime-web", "tensorflow.js"] as const;
    line([title, cell("swivel"), cell(ort), factor(ort), cell(tf), factor(tf)], "td");
  }
  table.hidden = false;
  byId("note").hidden = false;
}

async function prepare(): Promise<void> {
  const adapter = await adapterFacts();
  const machine = byId("machine");
  const facts = {
    Adapter: adapter ? `${adapter.name}${adapter.software ? " (computed by the processor, no GPU)" : ""}` : "none",
    Browser: navigator.userAgent,
  };
  for (const [name, value] of Object.entries(facts)) {
    machine.append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    );
  }
  const button = byId("run") as HTMLButtonElement;
  if (!adapter) {
    status("This browser has no WebGPU, or none here: pages must come from https or from this device itself.");
    return;
  }
  button.disabled = false;
  status("Ready. It takes about two minutes.");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const record = await measureAll();
      const link = byId("download") as HTMLAnchorElement;
      link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 2)], { type: "application/json" }));
      link.hidden = false;
      status("Done.");
    } catch (error) {
      status(`It did not work: ${(error as Error).message}`);
    }
    button.disabled = false;
  });
}

declare global {
  interface Window {
    measureAll: typeof measureAll;
  }
}
window.measureAll = measureAll;
await prepare();
