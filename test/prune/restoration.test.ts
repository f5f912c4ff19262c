/** Channels that come back one by one cost what a count from scratch says, and taking one back leaves no trace. */
import { expect, it } from "vitest";
import type { Tensors } from "../../src/graph/graph.ts";
import { Forecaster } from "../../training/prune/forecast.ts";
import { Random } from "../../training/random.ts";
import { randomNetwork, randomSurvivors } from "./random_network.ts";

const NETWORKS = 200;

it(`in ${NETWORKS} random networks`, () => {
  let steps = 0;
  for (let seed = 0; seed < NETWORKS; seed++) {
    const random = new Random(`restoration ${seed}`);
    const network = randomNetwork(random);
    const forecaster = new Forecaster(network.graph, network.tensors as Tensors);
    const survivors: Record<string, boolean[]> = Object.fromEntries(
      Object.entries(randomSurvivors(network, random)).map(([site, flags]) => [site, Array.from(flags, Boolean)]),
    );
    const restoration = forecaster.restoration(survivors);
    if (!restoration) continue;
    const expected = () => {
      const { exact: _, ...size } = forecaster.forecast(survivors);
      return size;
    };
    expect(restoration.size, `seed ${seed}`).toEqual(expected());
    for (const [site, flags] of Object.entries(survivors)) {
      for (const [channel, alive] of flags.entries()) {
        if (alive) continue;
        flags[channel] = true;
        restoration.restore(site, channel);
        expect(restoration.size, `seed ${seed}, ${site} ${channel}`).toEqual(expected());
        if (random.uniform() < 0.5) {
          flags[channel] = false;
          restoration.undo();
          expect(restoration.size, `seed ${seed}, ${site} ${channel} taken back`).toEqual(expected());
        }
        steps++;
      }
    }
  }
  expect(steps).toBeGreaterThan(5 * NETWORKS);
});
