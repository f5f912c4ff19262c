/** Swivel and onnxruntime-web from the bytes of a model in memory to the first result, by turns, each time in a fresh page of Chromium. */
import { measure } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { Args } from "./cpu/args.ts";
import { withPages } from "./cpu/browser.ts";
import { type StartEngine, type StartRecord, startEngines } from "./cpu/start.ts";
import { milliseconds, range } from "./cpu/text.ts";
import { AGREES, differenceFrom } from "./peers/compare.ts";
import { cpuNetworks, type ServedNetwork } from "./peers/networks.ts";
import { writeNetworks } from "./site.ts";
import { columns } from "./table.ts";

const ROUNDS = 40;
/** Times of the peer over Swivel's, of which the lower end of the interval must be so much. */
const BAR = 5;

const places = ["worker", "window"] as const;
type Place = (typeof places)[number];

export interface StartRow {
  readonly network: string;
  readonly place: Place;
  readonly peer: string;
  readonly ms: number;
  readonly peerMs: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly meets: boolean;
}

export async function benchStart(args: readonly string[]): Promise<Bench> {
  const options = new Args(args, ["networks", "rounds", "place"]);
  const names = options.names("networks", { of: Object.keys(cpuNetworks), usual: ["resnet20"] });
  const [rounds = ROUNDS] = options.integers("rounds", [], 2);
  const chosen = options.names("place", { of: places });
  const rows: StartRow[] = [];
  let versions = "";
  const browser = await withPages("bench-start", async ({ folder, browser, run }) => {
    for (const network of await writeNetworks(folder, cpuNetworks, names)) {
      for (const place of chosen) {
        const sample = (engine: StartEngine): Promise<StartRecord> => run({ kind: "start", network, engine }, place);
        const { row, version } = await measureTurns(network, place, rounds, sample);
        rows.push(row);
        versions = `onnxruntime-web ${version}`;
      }
    }
    return browser;
  });
  const head = ["network", "in a", "swivel ms", "onnxruntime-web ms", "factor", "95 %", `${BAR}×`];
  const lines = rows.map(({ network, place, ms, peerMs, ratio, low, high, meets }) => [
    network,
    place,
    milliseconds(ms),
    milliseconds(peerMs),
    `${ratio.toFixed(2)}×`,
    range(low, high),
    meets ? "met" : "missed",
  ]);
  return { value: { rows, bar: BAR, versions, browser }, text: `${columns([head, ...lines], 2)}\n${versions}, ${browser}` };
}

/** The first turn finds files and processes cold, and is not counted. */
async function measureTurns(network: ServedNetwork, place: Place, rounds: number, sample: (engine: StartEngine) => Promise<StartRecord>) {
  const ms: Record<StartEngine, number[]> = { swivel: [], "onnxruntime-web": [] };
  let version: string | undefined;
  for (let round = 0; round <= rounds; round++) {
    const records: StartRecord[] = [];
    for (const engine of startEngines) {
      const record = await sample(engine);
      records.push(record);
      if (round > 0) ms[engine].push(record.firstMs);
    }
    const [ours, theirs] = records as [StartRecord, StartRecord];
    version = theirs.version;
    const difference = differenceFrom(ours.output, theirs.output);
    if (!(difference <= AGREES)) throw new Error(`${network.name}: outputs are ${difference.toPrecision(2)} of the largest apart`);
  }
  const row = startRow(network.name, place, ms.swivel, ms["onnxruntime-web"]);
  return { row, version };
}

/** `ms` and `peerMs`: samples of the same rounds. */
export function startRow(network: string, place: Place, ms: readonly number[], peerMs: readonly number[]): StartRow {
  const { value: ratio, low, high } = measure.ratioInterval(peerMs, ms);
  return {
    network,
    place,
    peer: "onnxruntime-web",
    ms: measure.median(ms),
    peerMs: measure.median(peerMs),
    ratio,
    low,
    high,
    meets: low >= BAR,
  };
}
