/** What must stay true of every graph and every choice of survivors: masked = cut = cut and optimized, on the reference and on Wasm. */
import { describe, expect, it } from "vitest";
import { createWasmBackend, inferenceBuild } from "../../src/backends/wasm/backend.ts";
import { costOf } from "../../src/graph/cost.ts";
import { type OpName, ops } from "../../src/ops/index.ts";
import { type Network, networkOf, rounded } from "../../src/passes/network.ts";
import { optimizeExact } from "../../src/passes/optimize.ts";
import { unfused } from "../../src/passes/split.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { cutExact } from "../../training/prune/cut.ts";
import { filterPlan } from "../../training/prune/filters.ts";
import { livenessOf } from "../../training/prune/liveness.ts";
import { maskExact } from "../../training/prune/mask.ts";
import { type Forecast, Sizes, sizeOfGraph } from "../../training/prune/sizes.ts";
import { deadChannels, type Survivors } from "../../training/prune/survivors.ts";
import { wiringOf } from "../../training/prune/wiring.ts";
import { Random } from "../../training/random.ts";
import { randomInput, randomNetwork, randomSurvivors } from "./random_network.ts";

const NETWORKS = 500;
/** Float64 rounding, relative to the largest output. */
const TOLERANCE = 1e-9;
/** The same of float32, through all layers of a network. */
const FLOAT32_TOLERANCE = 1e-5;
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
const params = ({ graph }: Network): number => costOf(graph, ops).params;
/** As select foretells it. */
const forecast = (network: Network, survivors: Survivors): Forecast => {
  const { wiring, live } = liveness(network, survivors);
  return new Sizes(wiring).of(live);
};
const liveness = (network: Network, survivors: Survivors) => {
  const wiring = wiringOf(networkOf(network.graph, network.tensors));
  return { wiring, live: livenessOf(wiring, deadChannels(network.graph, survivors)) };
};

interface Trial {
  readonly seed: number;
  readonly random: Random;
  readonly network: Network;
  readonly survivors: Survivors;
  readonly cut: Network;
  /** Cut and optimized. */
  readonly packed: Network;
  readonly inputs: Outputs;
}

const trials: Trial[] = Array.from({ length: NETWORKS }, (_, seed) => {
  const random = new Random(`cut ${seed}`);
  const network = randomNetwork(random);
  const survivors = randomSurvivors(network, random);
  const cut = cutExact(network, survivors);
  return { seed, random, network, survivors, cut, packed: optimizeExact(cut), inputs: randomInput(network, random, 2) };
});

describe(`${NETWORKS} random networks with random survivors`, () => {
  it("masked = cut = cut and optimized", () => {
    for (const { seed, network, survivors, cut, packed, inputs } of trials) {
      const masked = maskExact(network, survivors);
      const expected = run(masked, inputs);
      expect(difference(expected, run(cut, inputs)), `cut, seed ${seed}`).toBeLessThan(TOLERANCE);
      expect(difference(expected, run(packed, inputs)), `cut and optimized, seed ${seed}`).toBeLessThan(TOLERANCE);
      expect(difference(expected, run(optimizeExact(masked), inputs)), `masked and optimized, seed ${seed}`).toBeLessThan(TOLERANCE);
    }
  });

  it("networks whose slopes are 0 cut themselves just as far", () => {
    for (const { seed, network, survivors, cut } of trials) {
      expect(macs(cutExact(maskExact(network, survivors), {})), `seed ${seed}`).toBe(macs(cut));
    }
  });

  it("a cut costs what select counts without cutting, and never more multiply-adds than before", () => {
    let exactly = 0;
    for (const { seed, network, survivors, cut } of trials) {
      const { exact, ...size } = forecast(network, survivors);
      const { params, macs, bytes } = sizeOfGraph(cut.graph);
      if (exact) expect({ params, macs, bytes }, `seed ${seed}`).toEqual(size);
      expect(macs, `seed ${seed}`).toBe(size.macs);
      expect(macs, `seed ${seed}`).toBeLessThanOrEqual(sizeOfGraph(network.graph).macs);
      exactly += Number(exact);
    }
    expect(exactly).toBeGreaterThan(NETWORKS / 10);
  });

  it("nothing is left that nobody needs: every filter is live and read, and a second cut finds nothing", () => {
    for (const { seed, cut } of trials) {
      const { wiring, live } = liveness(cut, {});
      for (const wire of wiring.wires) {
        // groups are filled up to equal sizes
        if (wire.kind !== "mix" || wire.groups > 1) continue;
        const { inputs, outputs } = filterPlan(wire, live);
        expect([inputs.length, outputs.length], `seed ${seed}, ${wire.node.name}`).toEqual([wire.perGroup, wire.channels]);
      }
      const again = cutExact(cut, {});
      expect([macs(again), params(again)], `seed ${seed}`).toEqual([macs(cut), params(cut)]);
    }
  });

  it("a cut network can be cut again", () => {
    for (const { seed, random, cut, inputs } of trials) {
      const next = randomSurvivors(cut, random);
      expect(difference(run(maskExact(cut, next), inputs), run(cutExact(cut, next), inputs)), `seed ${seed}`).toBeLessThan(TOLERANCE);
    }
  });

  it("optimizing twice changes nothing", () => {
    for (const { seed, packed } of trials) expect(optimizeExact(packed), `seed ${seed}`).toEqual(packed);
  });

  it("a packed network can be cut again", () => {
    for (const { seed, random, packed, inputs } of trials) {
      expect(macs(cutExact(packed, {})), `seed ${seed}`).toBeLessThanOrEqual(macs(packed));
      const next = randomSurvivors(packed, random);
      const again = cutExact(packed, next);
      expect(difference(run(maskExact(packed, next), inputs), run(again, inputs)), `seed ${seed}`).toBeLessThan(TOLERANCE);
      expect(macs(again), `seed ${seed}`).toBe(forecast(unfused(packed), next).macs);
    }
  });

  it("on Wasm, too, to float32 rounding", async () => {
    const wasm = await createWasmBackend(inferenceBuild, { threads: 1 });
    const runWasm = async ({ graph, tensors }: Network, inputs: Outputs): Promise<Outputs> => {
      const executable = await wasm.compile(graph, { tensors: rounded(tensors) });
      const results = await executable.run(rounded(inputs));
      executable.dispose();
      return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, Float64Array.from(data)]));
    };
    for (const { seed, network, survivors, cut, packed, inputs } of trials) {
      const masked = maskExact(network, survivors);
      const expected = run(masked, inputs);
      for (const [name, other] of Object.entries({ masked, cut, packed })) {
        expect(difference(expected, await runWasm(other, inputs)), `${name}, seed ${seed}`).toBeLessThan(FLOAT32_TOLERANCE);
      }
    }
    wasm.dispose();
  });

  it("packed ones hold convolutions with every table, alone and together", () => {
    const held = trials.flatMap(({ packed }) =>
      packed.graph.nodes.map(({ attrs }) => ["gather", "scatter", "shortcut"].filter((name) => attrs[name] !== undefined).join()),
    );
    const kinds = ["gather", "scatter", "shortcut", "gather,shortcut", "gather,scatter", "scatter,shortcut"];
    expect([...new Set(held)].sort()).toEqual(expect.arrayContaining(kinds));
  });

  it("they hold every op, before and after, and most outputs still depend on the input", () => {
    const before = new Set(trials.flatMap(({ network }) => network.graph.nodes.map((node) => node.op)));
    const after = new Set(trials.flatMap(({ cut }) => cut.graph.nodes.map((node) => node.op)));
    expect([...before].sort()).toEqual(Object.keys(ops).sort());
    // padding with zero channels is never stored
    expect([...after, "pad_channels" satisfies OpName].sort()).toEqual(Object.keys(ops).sort());
    expect(trials.filter(({ cut }) => macs(cut) > 0).length).toBeGreaterThan(NETWORKS / 2);
    expect(trials.filter(({ network, cut }) => macs(cut) < macs(network)).length).toBeGreaterThan(0.9 * NETWORKS);
  });
});
