/** Which channels stay alive. The unit that dies is a channel of an activation's output. */
import { InputError } from "../../src/errors.ts";
import type { Graph, Node } from "../../src/graph/graph.ts";
import { isActivation } from "../../src/ops/activation.ts";

/** Activation node → for each of its channels whether it survives. A node that is not named keeps all. */
export type Survivors = Readonly<Record<string, readonly boolean[] | Uint8Array>>;

/** A place where channels can die: an activation node. */
export interface Site {
  readonly name: string;
  readonly node: Node;
  readonly channels: number;
  /** The slopes' tensor, where the activation is rotated. */
  readonly slope?: string;
}

/** The graph's activations in order. Epilogues that passes have fused are none: cut before optimizing. */
export function sitesOf(graph: Graph): Site[] {
  const sites = graph.nodes.filter(({ op }) => isActivation(op));
  return sites.map((node) => ({
    name: node.name,
    node,
    channels: graph.values[node.inputs.x as string]?.shape[1] as number,
    slope: node.inputs.slope,
  }));
}

/**
 * Site → 1 for each dead channel. Throws InputError E_INPUT for a name that is no activation of the graph, or a list of the wrong length.
 */
export function deadChannels(graph: Graph, survivors: Survivors): Map<string, Uint8Array> {
  const sites = new Map(sitesOf(graph).map((site) => [site.name, site]));
  return new Map(
    Object.entries(survivors).map(([name, alive]) => {
      const site = sites.get(name);
      if (!site) {
        throw new InputError(
          "E_INPUT",
          `survivors name "${name}", which is no activation of the graph; it has ${[...sites.keys()].join(", ") || "none"}`,
        );
      }
      if (alive.length !== site.channels) {
        throw new InputError(
          "E_INPUT",
          `survivors of "${name}" are ${alive.length}, the activation has ${site.channels} channels; give one for each`,
        );
      }
      return [name, Uint8Array.from(alive as ArrayLike<boolean | number>, (keeps) => (keeps ? 0 : 1))];
    }),
  );
}

export function aliveCount(alive: Survivors[string]): number {
  return Array.from(alive as ArrayLike<boolean | number>).filter(Boolean).length;
}

/** The channels that a list of flags marks. */
export function marked(flags: ArrayLike<number>): number[] {
  const indices: number[] = [];
  for (let i = 0; i < flags.length; i++) if (flags[i]) indices.push(i);
  return indices;
}
