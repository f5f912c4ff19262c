/** What this machine can be measured by, and why not by the rest. */
import { EnergyError, InputError } from "../../src/errors.ts";
import type { EnergySource, Found, SourceListing } from "../source.ts";
import { findBattery } from "./battery.ts";
import { type Commands, nodeCommands } from "./commands.ts";
import { nodeTree } from "./node_tree.ts";
import { findNvidia } from "./nvidia.ts";
import { findPowermetrics } from "./powermetrics.ts";
import { findRapl } from "./rapl.ts";
import type { Tree } from "./tree.ts";

/** Where to look for sources. */
export interface SourceOptions {
  /** A folder in place of /sys, or a tree of one's own. */
  readonly sysfs?: string | Tree;
  /** How other programs are run; the system's unless given. */
  readonly commands?: Commands;
  /** "linux", "darwin", …; this machine's unless given. */
  readonly platform?: string;
  readonly isRoot?: boolean;
}

/** What is read by other means than here: listed, so that people know of it. */
const ELSEWHERE: readonly SourceListing[] = [
  ["meter", "everything behind a meter, by its CSV file", "W", "`swivel energy import --marks marks.json --csv meter.csv`"],
  ["perfetto", "rails of an Android phone, by a Perfetto trace", "µJ", "`swivel energy import --marks marks.json --perfetto trace`"],
  [
    "firefox",
    "processes or package, by a profile of Firefox with power tracks",
    "pWh",
    "`swivel energy import --marks marks.json --firefox profile.json`",
  ],
  [
    "browser-battery",
    "a whole device in steps of 1 % of its charge, for drain tests of hours",
    "%",
    "`swivel energy phone` in a browser that has the Battery Status API, then `swivel energy import --marks marks.json --battery Wh`",
  ],
].map(([id, covers, unit, how]) => {
  return { id, available: false, headline: false, covers, unit, reason: `recorded elsewhere: ${how}` } as SourceListing;
});

/** Node only. Nothing is thrown: what cannot be read says why. */
export async function findSources(options: SourceOptions = {}): Promise<Found> {
  const { platform, getuid } = await import("node:process");
  const { sysfs, commands = await nodeCommands(), isRoot = getuid?.() === 0 } = options;
  const tree = typeof sysfs === "object" ? sysfs : await nodeTree(sysfs);
  const found = [
    await findRapl(tree),
    await findBattery(tree),
    await findNvidia(commands),
    await findPowermetrics(commands, { platform: options.platform ?? platform, isRoot }),
  ];
  const sources = found.flatMap((family) => family.sources);
  const auto = sources[0]?.info.id;
  const listings = [...found.flatMap((family) => family.listings), ...ELSEWHERE];
  return { listings: listings.map((line) => (line.id === auto ? { ...line, auto: true as const } : line)), sources };
}

/**
 * The source of this name; with "auto" the one that counts most finely: RAPL's headline, then batteries, graphics cards, powermetrics.
 * Throws InputError E_OPTION for a name that there is not, EnergyError E_SOURCE or E_PERMISSION for one that cannot be read.
 */
export async function openSource(id: string, options: SourceOptions = {}): Promise<EnergySource> {
  const { listings, sources } = await findSources(options);
  const source = id === "auto" ? sources[0] : sources.find(({ info }) => info.id === id);
  if (source) return source;
  const reasons = (lines: readonly SourceListing[]) => lines.map((line) => `${line.id}: ${line.reason}`).join("; ");
  const local = listings.filter((line) => !ELSEWHERE.includes(line));
  const asked = id === "auto" ? local.filter(({ reason }) => reason !== undefined) : listings.filter((line) => line.id === id);
  if (asked.length === 0 && id !== "auto") {
    const names = sources.map(({ info }) => info.id).join(", ") || "none here";
    throw new InputError("E_OPTION", `there is no source "${id}"; there are: ${names} (swivel energy sources shows all)`);
  }
  const forbidden = asked.some(({ reason }) => reason?.startsWith("only root"));
  const what = id === "auto" ? "this machine has no energy counter that can be read: " : "";
  throw new EnergyError(forbidden ? "E_PERMISSION" : "E_SOURCE", what + reasons(asked));
}
