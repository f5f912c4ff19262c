/** What survivors would leave of a network, mostly without cutting. */
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { type Network, networkOf } from "../../src/passes/network.ts";
import { unfused } from "../../src/passes/split.ts";
import { cutExact } from "./cut.ts";
import { livenessOf } from "./liveness.ts";
import { Restoration } from "./restoration.ts";
import { type Forecast, type Size, Sizes, sizeOfGraph } from "./sizes.ts";
import { deadChannels, type Survivors } from "./survivors.ts";
import { type Wiring, wiringOf } from "./wiring.ts";

export class Forecaster {
  readonly graph: Graph;
  readonly before: Size;
  readonly #network: Network;
  readonly #wiring: Wiring;
  readonly #sizes: Sizes;

  /** `graph` must be verified. Throws as `cut` does. */
  constructor(graph: Graph, tensors: Tensors) {
    this.graph = graph;
    this.before = sizeOfGraph(graph);
    this.#network = unfused(networkOf(graph, tensors));
    this.#wiring = wiringOf(this.#network);
    this.#sizes = new Sizes(this.#wiring);
  }

  forecast(survivors: Survivors): Forecast {
    return this.#sizes.of(livenessOf(this.#wiring, deadChannels(this.graph, survivors)));
  }

  /** For many questions that differ in one channel; undefined for the few networks in which channels hang together too tightly. */
  restoration(survivors: Survivors): Restoration | undefined {
    if (!Restoration.fits(this.#wiring, this.#sizes)) return undefined;
    const dead = deadChannels(this.graph, survivors);
    return new Restoration(this.#wiring, this.#sizes, livenessOf(this.#wiring, dead), dead);
  }

  /** Exactly, if need be by cutting. */
  after(survivors: Survivors): Size {
    const { exact, ...size } = this.forecast(survivors);
    return exact ? size : sizeOfGraph(cutExact(this.#network, survivors).graph);
  }

  /** That a size is within a limit, exactly; a forecast is never too high. */
  fits(survivors: Survivors, key: keyof Size, limit: number): boolean {
    return this.forecast(survivors)[key] <= limit && this.after(survivors)[key] <= limit;
  }
}
