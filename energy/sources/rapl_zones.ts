/** Zones of Linux' powercap: which there are, which contain which, and which repeat another. */
import { integerAt, integerOf, isForbidden, type Tree, textOr } from "./tree.ts";

export interface Zone {
  /** Its folder's name: "intel-rapl:0:1". */
  readonly zone: string;
  /** From the root of the tree. */
  readonly path: string;
  /** What it says of itself: "package-0", "core", "dram", "psys". */
  readonly name: string;
  /** Unique: the name, below its package's; with the folder's name where two say the same. */
  readonly id: string;
  /** The zone in whose folder names it lies: "intel-rapl:0" for "intel-rapl:0:1". */
  readonly parent?: string;
  /** Another zone that counts the same, by another way to the hardware. */
  readonly repeats?: string;
  /** µJ at which it starts again. */
  readonly range?: number;
  /** The largest limit that it states, in µW. */
  readonly limit?: number;
  /** Why it cannot be read. */
  readonly trouble?: string;
  readonly forbidden?: boolean;
}

/** The links that programs use, and where they lead; a copy may hold one of the two. */
const FOLDERS = ["class/powercap", "devices/virtual/powercap"] as const;
/** Zones lie flat in the real tree, by links; in copies of it they may lie in one another. */
const MAX_DEPTH = 3;
const LINKS = new Set(["device", "subsystem", "power"]);

export async function findZones(tree: Tree): Promise<Zone[]> {
  const paths = new Map<string, string>();
  const walk = async (folder: string, depth: number): Promise<void> => {
    for (const name of await tree.list(folder)) {
      if (LINKS.has(name) || !/^[\w-]+(:\d+)*$/.test(name)) continue;
      const path = `${folder}/${name}`;
      const inside = await tree.list(path);
      if (name.includes(":") && inside.includes("energy_uj") && !paths.has(name)) paths.set(name, path);
      if (depth < MAX_DEPTH) await walk(path, depth + 1);
    }
  };
  for (const folder of FOLDERS) if (paths.size === 0) await walk(folder, 1);
  const zones: Zone[] = [];
  for (const [zone, path] of [...paths].sort(([a], [b]) => byZone(a, b))) zones.push(await readZone(tree, zone, path));
  return named(zones);
}

/** By control type, then by numbers: "…:2" before "…:10". */
function byZone(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

async function readZone(tree: Tree, zone: string, path: string): Promise<Zone> {
  const name = (await textOr(tree, `${path}/name`)) || zone;
  const range = await integerAt(tree, `${path}/max_energy_range_uj`);
  const limits: number[] = [];
  for (const file of await tree.list(path)) {
    if (/^constraint_\d+_(power_limit|max_power)_uw$/.test(file)) limits.push((await integerAt(tree, `${path}/${file}`)) ?? 0);
  }
  const limit = Math.max(0, ...limits);
  return {
    zone,
    path,
    name,
    id: name,
    parent: zone.split(":").length > 2 ? zone.slice(0, zone.lastIndexOf(":")) : undefined,
    ...(range !== undefined && range > 0 && { range }),
    ...(limit > 0 && { limit }),
    ...(await troubleOf(tree, `${path}/energy_uj`)),
  };
}

async function troubleOf(tree: Tree, path: string): Promise<Pick<Zone, "trouble" | "forbidden">> {
  try {
    const text = await tree.text(path);
    if ((integerOf(text) ?? -1) >= 0) return {};
    return { trouble: `${tree.root}/${path} holds "${text.slice(0, 20)}", which is no number of microjoules` };
  } catch (error) {
    if (!isForbidden(error)) return { trouble: `${tree.root}/${path} cannot be read: ${(error as Error).message}` };
    return { trouble: `only root may read ${tree.root}/${path}`, forbidden: true };
  }
}

const isMmio = ({ zone }: Zone): boolean => /^[\w-]*-mmio:/.test(zone);

/** With ids, and with what repeats what: the memory-mapped zones count what those of the model-specific registers of the same name count. */
function named(zones: readonly Zone[]): Zone[] {
  const byFolder = new Map(zones.map((zone) => [zone.zone, zone]));
  const pathOf = (zone: Zone): string => {
    const parent = zone.parent === undefined ? undefined : byFolder.get(zone.parent);
    return parent ? `${pathOf(parent)}/${zone.name}` : zone.name;
  };
  const taken = new Map<string, string>();
  const result: Zone[] = [];
  for (const zone of [...zones].sort((a, b) => Number(isMmio(a)) - Number(isMmio(b)) || byZone(a.zone, b.zone))) {
    const path = pathOf(zone);
    const first = taken.get(path);
    if (first === undefined) taken.set(path, zone.zone);
    const id = first === undefined ? path : `${path}@${zone.zone}`;
    const original = isMmio(zone) && first !== undefined ? result.find((other) => other.zone === first) : undefined;
    result.push({ ...zone, id, ...(original && { repeats: original.id }) });
  }
  return result;
}
