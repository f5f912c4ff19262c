import { describe, expect, it } from "vitest";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";
import type { Network } from "../../src/passes/network.ts";
import { optimizeExact } from "../../src/passes/optimize.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { cutExact } from "../../training/prune/cut.ts";
import { maskExact } from "../../training/prune/mask.ts";
import { Random } from "../../training/random.ts";
import { randomInput, randomNetwork, randomSurvivors } from "./random_network.ts";

const NETWORKS = 300;
const backend = new ReferenceBackend();

type Outputs = Record<string, Float64Array>;

const run = ({ graph, tensors }: Network, inputs: Outputs): Outputs => backend.compileExact(graph, tensors).runExact(inputs);

/** The largest difference, relative to the largest output. */
function difference(a: Outputs, b: Outputs): number {
  expect(Object.keys(b)).toEqual(Object.keys(a));
  return Math.max(
    ...Object.entries(a).map(([name, values]) => {
      const other = b[name] as Float64Array;
      expect(other.length).toBe(values.length);
      const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
      return values.reduce((max, value, i) => Math.max(max, Math.abs(value - (other[i] as number))), 0) / scale;
    }),
  );
}

const macs = ({ graph }: Network): number => costOf(graph, ops).macs;

describe("random networks with random survivors", () => {
  it(`masked = cut = cut and optimized, for ${NETWORKS} of them`, () => {
    for (let seed = 0; seed < NETWORKS; seed++) {
      const random = new Random(`cut ${seed}`);
      const network = randomNetwork(random);
      const survivors = randomSurvivors(network, random);
      const inputs = randomInput(network, random, 2);
      const masked = maskExact(network, survivors);
      const expected = run(masked, inputs);
      const cut = cutExact(network, survivors);
      expect(difference(expected, run(cut, inputs)), `cut, seed ${seed}`).toBeLessThan(1e-9);
      expect(difference(expected, run(optimizeExact(cut), inputs)), `cut and optimized, seed ${seed}`).toBeLessThan(1e-9);
      expect(difference(expected, run(optimizeExact(masked), inputs)), `masked and optimized, seed ${seed}`).toBeLessThan(1e-9);
      expect(macs(cut), `MACs, seed ${seed}`).toBeLessThanOrEqual(macs(network));
    }
  });
});
