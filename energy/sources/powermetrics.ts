/** Power of Macs, by powermetrics, which only root may run. */
import { EnergyError } from "../../src/errors.ts";
import { type Channel, type EnergySource, type Found, missing } from "../source.ts";
import type { Commands, LineStream } from "./commands.ts";

const FAMILY = "powermetrics";
const COVERS = "the chip's cores, GPU and neural engine by Apple's model of them; not memory, screen or radios";
const INTERVAL_MS = 500;

/** Of Apple's chips, in the order of the channels; Intel Macs print one figure for the package, in watts. */
const CHANNELS: readonly (readonly [id: string, pattern: RegExp, covers: string])[] = [
  ["combined", /^(?:Combined Power \(.*\)|Package Power): ([\d.]+) mW$/, COVERS],
  ["cpu", /^CPU Power: ([\d.]+) mW$/, "the cores"],
  ["gpu", /^GPU Power: ([\d.]+) mW$/, "the GPU"],
  ["ane", /^ANE Power: ([\d.]+) mW$/, "the neural engine"],
];
const INTEL = /^Intel energy model derived package power \(.*\): ([\d.]+)\s*W$/;
const SAMPLE = /^\*\*\* Sampled system activity .*\(([\d.]+)ms elapsed\) \*\*\*$/;

export interface MacEnvironment {
  readonly platform: string;
  readonly isRoot: boolean;
}

export async function findPowermetrics(commands: Commands, { platform, isRoot }: MacEnvironment): Promise<Found> {
  if (platform !== "darwin") return missing(FAMILY, COVERS, "mW", "only macOS has it");
  if (!isRoot) return missing(FAMILY, COVERS, "mW", "only root may run powermetrics; run this command with sudo");
  const channels = CHANNELS.map(
    ([id, , covers]): Channel => ({
      ...{ id, covers, contains: id === "combined" ? ["cpu", "gpu", "ane"] : [] },
      ...{ kind: "mean power", unit: "mW", scale: 1e-3, resolution: 1e-3 },
    }),
  );
  const source: EnergySource = {
    info: { id: FAMILY, covers: COVERS, headline: ["combined"], channels, intervalMs: 0, notes: ["Apple calls these figures estimates"] },
    async open() {
      const stream = commands.stream("powermetrics", ["--samplers", "cpu_power,gpu_power", "-i", String(INTERVAL_MS), "-b", "1"]);
      const read = sampleReader(stream);
      return { read: async () => ({ values: await read() }), close: async () => stream.stop() };
    },
  };
  const listing = { id: FAMILY, available: true, headline: true, covers: COVERS, unit: "mW", resolution: 1e-3 };
  return { listings: [listing], sources: [source] };
}

/** Milliwatts of each channel in the next sample that powermetrics prints. The combined figure comes after its parts; what follows it is told again. */
export function sampleReader(stream: LineStream): () => Promise<(number | null)[]> {
  return async () => {
    const values = new Map<string, number>();
    for (;;) {
      const line = (await stream.next())?.trim();
      if (line === undefined) throw new EnergyError("E_SOURCE", "powermetrics has ended; run it by itself to see why");
      if (SAMPLE.test(line)) values.clear();
      const intel = INTEL.exec(line)?.[1];
      if (intel !== undefined) return [1000 * Number(intel), null, null, null];
      for (const [id, pattern] of CHANNELS) {
        const found = pattern.exec(line)?.[1];
        if (found !== undefined) values.set(id, Number(found));
      }
      if (values.has("combined")) break;
    }
    return CHANNELS.map(([id]) => values.get(id) ?? null);
  };
}
