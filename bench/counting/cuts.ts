/** The published networks, built and cut to the published widths. */
import { readFileSync } from "node:fs";
import type { Graph, Tensors } from "swivel-nn";
import { models, prune, Random } from "swivel-nn/training";
import type { Family } from "./widths.ts";

/** Fractions in percent, as published. */
export interface Percent {
  readonly params: number;
  readonly flops: number;
}

export interface Published {
  /** Survivors of each activation in the order of the forward pass; the last entry is the number of classes. */
  readonly alive: readonly number[];
  /** By the authors' counting, and by the structure. */
  readonly reported: Percent;
  readonly true: Percent;
}

/** Of 13 networks that the method's authors trained (Nayak and Kalyani, TMLR 2024), with the savings that were counted from them. */
export const published = JSON.parse(readFileSync(new URL("./survivors.json", import.meta.url), "utf8")) as Readonly<
  Record<string, Published>
>;

const FAMILIES: Readonly<Record<string, Family>> = {
  resnet20: "post-add",
  resnet56: "post-add",
  "resnet110-pre": "pre-activation",
  "resnet164-pre": "bottleneck",
  "wrn-40-4": "wide",
};

export interface Built {
  readonly family: Family;
  /** Channels of each activation, and the classes. */
  readonly full: readonly number[];
  readonly graph: Graph;
  readonly tensors: Tensors;
}

/** `name` begins with that of the architecture. */
export function build(name: string, { alive }: Published): Built {
  const arch = name.split("/")[0] as string;
  const classes = alive.at(-1) as number;
  const { graph, init } = models.createModel(arch, { activation: "rrelu", input: { channels: 3, height: 32, width: 32 }, classes });
  const random = new Random(0);
  const tensors = Object.fromEntries(
    // norms that do something, so that a dead layer leaves constants as a trained one does
    Object.entries(init(random)).map(([key, data]) => [key, key.endsWith("bias") ? data.map(() => random.normal(0, 0.1)) : data]),
  ) as Tensors;
  const full = [...prune.sitesOf(graph).map(({ channels }) => channels), classes];
  return { family: FAMILIES[arch] as Family, full, graph, tensors };
}

/**
 * Which channels survive is not published, only how many. Behind a sum they are taken to be the first ones, so that the stream hangs together. Before one
 * each activation begins where the last one of its stage ended, so that every channel of the stream has a reader, as the published counting assumes.
 */
export function survivorsOf({ graph, full, family }: Built, alive: readonly number[]): prune.Survivors {
  const next = new Map<number, number>();
  return Object.fromEntries(
    prune.sitesOf(graph).map(({ name, channels }, i) => {
      const count = alive[i] as number;
      const start = family === "post-add" ? 0 : (next.get(full[i] as number) ?? 0);
      next.set(full[i] as number, (start + count) % channels);
      return [name, Uint8Array.from({ length: channels }, (_, c) => Number((c - start + channels) % channels < count))];
    }),
  );
}
