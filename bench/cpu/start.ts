/** How long an engine takes from the files in memory to its first result, its Wasm compiled on the way. Once in a page: a second start finds everything warm. */
// biome-ignore lint/style/noRestrictedImports: the module shall be there before the clock starts, as the peer's is, which no app needs to ask for
import { inferenceBuild } from "../../src/backends/wasm/backend.ts";
// biome-ignore lint/style/noRestrictedImports: the level whose module that is
import { chooseSimd } from "../../src/backends/wasm/features.ts";
import { fetchBytes, noise } from "../peers/data.ts";
import { onnxruntime, type Start, swivel } from "../peers/engines.ts";
import type { ServedNetwork } from "../peers/networks.ts";
import type { Status } from "./turns.ts";

export const startEngines = ["swivel", "onnxruntime-web"] as const;
export type StartEngine = (typeof startEngines)[number];

export interface StartJob {
  readonly kind: "start";
  readonly network: ServedNetwork;
  readonly engine: StartEngine;
}

export interface StartRecord {
  readonly firstMs: number;
  readonly output: readonly number[];
  readonly version?: string;
}

/** `base`: address of the folder that bench/site.ts made. */
export async function measureStart({ network, engine }: StartJob, base: URL, status: Status): Promise<StartRecord> {
  status(`${network.title}: ${engine}`);
  const fetched = (extension: string) => fetchBytes(new URL(`networks/${network.name}.${extension}`, base));
  const [model, onnx] = await Promise.all([fetched("safetensors"), fetched("onnx")]);
  const shape = [1, ...network.shape];
  const input = noise(shape.reduce((a, b) => a * b, 1));
  const { start, version } = await load[engine](base);
  const { engine: started, firstMs, firstOutput } = await start({ model, onnx, shape }, input);
  await started.dispose();
  return { firstMs, output: Array.from(firstOutput), version };
}

/** Libraries, and with them each one's module, which it would fetch. */
const load: Readonly<Record<StartEngine, (base: URL) => Promise<{ start: Start; version?: string }>>> = {
  swivel: async () => {
    await inferenceBuild.load[await chooseSimd("auto")]();
    return { start: swivel({ backend: "wasm", threads: 1 }) };
  },
  "onnxruntime-web": async (base) => {
    const library = new URL("ort/ort.wasm.min.mjs", base).href;
    const wasm = await fetchBytes(new URL("ort/ort-wasm-simd-threaded.wasm", base));
    await import(new URL("ort/ort-wasm-simd-threaded.mjs", base).href);
    return onnxruntime({ backend: "wasm", threads: 1, library, wasm });
  },
};
