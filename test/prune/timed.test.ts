/** Choosing by measured time, with clocks whose ways are known. */
import { describe, expect, it } from "vitest";
import { rounded } from "../../src/passes/network.ts";
import { createModel } from "../../training/models/index.ts";
import { scoreChannels } from "../../training/prune/scores.ts";
import { sizeOfGraph } from "../../training/prune/sizes.ts";
import { selectTimed, type TimedOptions } from "../../training/prune/timed.ts";
import { Random } from "../../training/random.ts";

const { graph, init } = createModel("small-cnn", { activation: "rrelu", input: { channels: 1, height: 12, width: 12 }, classes: 4 });
const tensors = rounded(init(new Random(1)) as never);
const scores = await scoreChannels(graph, tensors, { criterion: "random", seed: 1 });
const whole = sizeOfGraph(graph).macs;

type Clock = (macs: number) => number;
const proportional: Clock = (macs) => macs / whole;
/** A third of the time is not the convolutions'. */
const withOverhead: Clock = (macs) => 0.3 + (0.7 * macs) / whole;
/** Three per cent up and down. */
const noisy = (): Clock => {
  const random = new Random(2);
  return (macs) => proportional(macs) * (0.97 + 0.06 * random.uniform());
};

const choose = async (clock: Clock, options: Pick<TimedOptions, "keepTime"> & Partial<TimedOptions>) => {
  const measured: number[] = [];
  const selection = await selectTimed(graph, tensors, scores, {
    measure: async (network) => {
      const time = clock(sizeOfGraph(network.graph).macs);
      measured.push(time);
      return time;
    },
    ...options,
  });
  return { ...selection, measured };
};

describe("a target in time", () => {
  it.each([
    ["proportional", () => proportional],
    ["with overhead", () => withOverhead],
    ["noisy", noisy],
  ] as const)("is met within 10 %%, by a clock %s", async (_, clock) => {
    for (const keepTime of [0.9, 0.6, 0.45]) {
      const { time, measured } = await choose(clock(), { keepTime });
      expect(time).toBeLessThanOrEqual(keepTime);
      expect(time).toBeGreaterThanOrEqual(0.9 * keepTime);
      expect(measured).toContain(time);
      expect(measured.length).toBeLessThanOrEqual(12);
    }
  });

  it("gets as near as channels let it where nothing is near enough", async () => {
    const { time, channels, measured } = await choose(proportional, { keepTime: 0.5, tolerance: 0 });
    expect(time).toBeLessThanOrEqual(0.5);
    // with one channel more it takes longer
    const slower = Math.min(...measured.filter((other) => other > 0.5));
    expect(slower).toBeGreaterThan(0.5);
    expect(channels.alive).toBeLessThan(channels.total);
  });

  it("of all the time keeps everything, unmeasured", async () => {
    const { time, channels, measured } = await choose(proportional, { keepTime: 1 });
    expect([time, channels.alive, measured]).toEqual([1, channels.total, []]);
  });

  it("out of reach says what the fastest takes", async () => {
    await expect(choose(withOverhead, { keepTime: 0.2 })).rejects.toThrow(
      /E_OPTION keepTime 0.2: .* took 0\.3\d* of the time; protect less/,
    );
  });

  it.each([0, -1, 1.5, Number.NaN])("of %f is refused", async (keepTime) => {
    await expect(choose(proportional, { keepTime })).rejects.toThrow(/E_OPTION keepTime/);
  });
});
