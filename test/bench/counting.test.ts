/** What `bench -- counting` counts: by widths for all 13 networks, and by building for one of each kind of stream. */
import { describe, expect, it } from "vitest";
import { build, type Percent, published } from "../../bench/counting/cuts.ts";
import { authorsCount, type Count, structureCount } from "../../bench/counting/widths.ts";
import { benchCounting } from "../../bench/counting.ts";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";

const saved = (after: Count, before: Count): Percent => ({
  params: 100 * (1 - after.weights / before.weights),
  flops: 100 * (1 - after.macs / before.macs),
});

/** Counted with 10 classes where they have 100. */
const miscounted = ["resnet20/cifar100/two-step", "resnet56/cifar100/two-step"];

describe.each(Object.entries(published))("%s", (name, facts) => {
  const built = build(name, facts);
  const { full, family, graph } = built;
  const classes = miscounted.includes(name) ? 10 : (full.at(-1) as number);
  const widths = (list: readonly number[]): number[] => [...list.slice(0, -1), classes];

  it.each([
    ["reported", authorsCount],
    ["true", structureCount],
  ] as const)("has the published savings, %s", (kind, rule) => {
    const { params, flops } = saved(rule(widths(facts.alive), widths(full), family), rule(widths(full), widths(full), family));
    // of two decimals
    expect(Math.abs(params - facts[kind].params)).toBeLessThanOrEqual(0.0051);
    expect(Math.abs(flops - facts[kind].flops)).toBeLessThanOrEqual(0.0051);
  });

  it("has the structure that its widths are counted by", () => {
    expect(structureCount(full, full, family).macs).toBe(costOf(graph, ops).macs);
  });
});

it("builds, cuts and counts", async () => {
  const { value, text } = await benchCounting(["--networks", "resnet20/cifar10,resnet110-pre"]);
  const [first, second] = value.rows as { reported: Percent; true: Percent; notes: string[] }[];
  expect(first?.true.params).toBeCloseTo(5.62, 2);
  expect(second?.true.flops).toBeCloseTo(3.67, 2);
  expect([...(first?.notes ?? []), ...(second?.notes ?? [])]).toEqual([]);
  expect(text).toContain("2 of 2 agree with the published numbers");
});

it("measures where it is asked to", async () => {
  const { value } = await benchCounting(["--networks", "resnet20/cifar10", "--measure"]);
  const [{ ms }] = value.rows as [{ ms: Record<string, unknown> }];
  const interval = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
  expect(ms).toEqual({ before: expect.any(Number), after: expect.any(Number), ratio: interval });
});

it("names what it does not know", async () => {
  await expect(benchCounting(["--networks", "resnet9"])).rejects.toThrow(/E_OPTION no network "resnet9"; there are resnet20\/cifar10/);
  await expect(benchCounting(["--fast"])).rejects.toThrow(/E_OPTION no option --fast/);
});
