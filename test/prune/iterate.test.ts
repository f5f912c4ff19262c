import { describe, expect, it } from "vitest";
import { rounded } from "../../src/passes/network.ts";
import { createModel } from "../../training/models/index.ts";
import { goalOfRound, iterate, type Round } from "../../training/prune/iterate.ts";
import { scoreChannels } from "../../training/prune/scores.ts";
import type { Goal } from "../../training/prune/select.ts";
import { sizeOfGraph } from "../../training/prune/sizes.ts";
import { Random } from "../../training/random.ts";

const { graph, init } = createModel("small-cnn", { activation: "rrelu", input: { channels: 1, height: 12, width: 12 }, classes: 4 });
const network = { graph, tensors: rounded(init(new Random(1)) as never), label: "kept" };

async function all(goal: Goal, rounds: number, protect?: readonly string[]) {
  const log: string[] = [];
  const found: Round<typeof network>[] = [];
  const options = {
    rounds,
    goal,
    minimum: 1,
    ...(protect && { protect }),
    score: async ({ graph, tensors }: typeof network, round: number) => {
      log.push(`score ${round}`);
      return scoreChannels(graph, tensors, { criterion: "l1" });
    },
    finetune: async (left: typeof network, round: number) => {
      log.push(`fine-tune ${round}`);
      return { ...left, tensors: { ...left.tensors } };
    },
  };
  for await (const round of iterate(network, options)) found.push(round);
  return { log, found };
}

describe("pruning in rounds", () => {
  it.each<[Goal, "macs" | "params" | "bytes"]>([
    [{ keepMacs: 0.3 }, "macs"],
    [{ keepParams: 0.3 }, "params"],
    [{ keepBytes: 0.3 }, "bytes"],
  ])("reaches %o in equal steps", async (goal, key) => {
    const { log, found } = await all(goal, 3);
    expect(log).toEqual([1, 2, 3].flatMap((round) => [`score ${round}`, `fine-tune ${round}`]));
    const whole = sizeOfGraph(graph)[key];
    const kept = found.map(({ network }) => sizeOfGraph(network.graph)[key] / whole);
    kept.forEach((share, i) => {
      expect(share).toBeLessThanOrEqual(0.3 ** ((i + 1) / 3));
      expect(share).toBeGreaterThan(0.95 * 0.3 ** ((i + 1) / 3));
    });
    expect(found.map(({ network }) => network.label)).toEqual(["kept", "kept", "kept"]);
    for (const { cut, report } of found) expect(report.after).toEqual(sizeOfGraph(cut.graph));
  });

  it("each round cuts what the one before left", async () => {
    const { found } = await all({ percentile: 50 }, 2);
    const [first, second] = found;
    expect(second?.report.before).toEqual(first?.report.after);
    const total = first?.selection.channels.total as number;
    expect((second?.selection.channels.alive as number) / total).toBeCloseTo(0.5, 1);
  });

  it("protected activations stay whole in every round", async () => {
    const { found } = await all({ keepMacs: 0.5 }, 2, ["relu1"]);
    for (const { report } of found) expect(report.sites.find(({ name }) => name === "relu1")?.stored).toBe(16);
  });

  it("one round is a plain cut, and a threshold is the same in all", () => {
    const size = { params: 10, macs: 20, bytes: 40 };
    expect(goalOfRound({ keepMacs: 0.5 }, 1, 1, { whole: size, now: size })).toEqual({ keepMacs: 0.5 });
    for (const round of [1, 2]) expect(goalOfRound({ threshold: 0.1 }, round, 2, { whole: size, now: size })).toEqual({ threshold: 0.1 });
    // what is already small enough is left alone
    expect(goalOfRound({ keepMacs: 0.5 }, 1, 1, { whole: size, now: { ...size, macs: 5 } })).toEqual({ keepMacs: 1 });
  });
});
