/** Power of NVIDIA GPUs, by nvidia-smi. */
import { EnergyError } from "../../src/errors.ts";
import { type Channel, type EnergySource, type Found, missing, type SourceListing } from "../source.ts";
import type { Commands } from "./commands.ts";

const FAMILY = "nvidia-smi";
const COVERS = "the whole graphics card: GPU, its memory and regulators; nothing else of the machine";
const QUERY = ["--query-gpu=index,power.draw", "--format=csv,noheader,nounits"];
const INTERVAL_MS = 200;

/** "0, 23.45" → [0, 23.45]; no number for "[N/A]". */
function parse(line: string): { index: number; watts: number } | undefined {
  const [index = "", watts = ""] = line.split(",").map((cell) => cell.trim());
  return /^\d+$/.test(index) ? { index: Number(index), watts: /^\d+(\.\d+)?$/.test(watts) ? Number(watts) : Number.NaN } : undefined;
}

export async function findNvidia(commands: Commands): Promise<Found> {
  const none = (reason: string): Found => missing(FAMILY, COVERS, "W", reason);
  const ran = await commands.run("nvidia-smi", QUERY);
  if (!ran) return none("there is no nvidia-smi, which comes with NVIDIA's driver");
  const gpus = ran.stdout.split("\n").flatMap((line) => parse(line) ?? []);
  if (ran.code !== 0 || gpus.length === 0) return none(`nvidia-smi says: ${(ran.stderr || ran.stdout).trim().split("\n")[0] || "nothing"}`);
  const able = gpus.filter(({ watts }) => Number.isFinite(watts));
  const listings = gpus.map(({ index, watts }): SourceListing => {
    const known = Number.isFinite(watts);
    const facts = { available: known, headline: gpus.length === 1, covers: COVERS, unit: "W", resolution: 0.01 };
    return { id: `${FAMILY}:${index}`, ...facts, ...(!known && { reason: "this card has no power sensor that its driver shows" }) };
  });
  if (gpus.length > 1 && able.length > 0) {
    listings.unshift({ id: FAMILY, available: true, headline: true, covers: `${able.length} graphics cards together`, unit: "W" });
  }
  const single = able.map(({ index }) => sourceOf(`${FAMILY}:${index}`, [index], commands));
  const all = able.map(({ index }) => index);
  return { listings, sources: able.length > 1 ? [sourceOf(FAMILY, all, commands), ...single] : single };
}

function sourceOf(id: string, indices: readonly number[], commands: Commands): EnergySource {
  const channels = indices.map(
    (index): Channel => ({ id: `gpu-${index}`, covers: COVERS, contains: [], kind: "power", unit: "W", scale: 1, resolution: 0.01 }),
  );
  return {
    info: {
      id,
      covers: COVERS,
      headline: channels.map((channel) => channel.id),
      channels,
      intervalMs: 0,
      notes: ["newer cards give the mean power of about the last second"],
    },
    async open() {
      const stream = commands.stream("nvidia-smi", [...QUERY, `--id=${indices.join(",")}`, `--loop-ms=${INTERVAL_MS}`]);
      return {
        async read() {
          const watts = new Map<number, number>();
          while (watts.size < indices.length) {
            const line = await stream.next();
            if (line === null) throw new EnergyError("E_SOURCE", "nvidia-smi has ended; start the measurement again");
            const gpu = parse(line);
            if (gpu && indices.includes(gpu.index)) watts.set(gpu.index, gpu.watts);
          }
          const values = indices.map((index) => watts.get(index) as number);
          return { values: values.map((value) => (Number.isFinite(value) ? value : null)) };
        },
        close: async () => stream.stop(),
      };
    },
  };
}
