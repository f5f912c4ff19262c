/** `bench -- cpu`, `cuts`, `widths` and `train`: what they make of samples, and the harness on small networks in real Chromium. No times are asserted. */
import { describe, expect, it } from "vitest";
import { benchBuilds } from "../../bench/builds.ts";
import { Args } from "../../bench/cpu/args.ts";
import { bars, judge } from "../../bench/cpu/bars.ts";
import type { InferenceRecord, Timed } from "../../bench/cpu/inference.ts";
import { peaksOf, type Row, rowsOf } from "../../bench/cpu/rows.ts";
import { benchCpu } from "../../bench/cpu.ts";
import { benchCuts, cutRow } from "../../bench/cuts.ts";
import { benchLayers } from "../../bench/layers.ts";
import { benchTrain, trainRows } from "../../bench/train.ts";
import { benchWidths, nearestMultiples, widthRow } from "../../bench/widths.ts";

describe("options", () => {
  const args = new Args(["--networks", "b", "--batch", "1,16", "--peers", "none"], ["networks", "batch", "peers", "rounds"]);

  it("are lists with commas, or what is usual", () => {
    expect(args.names("networks", { of: ["a", "b"] })).toEqual(["b"]);
    expect(args.names("peers", { of: ["x"] })).toEqual([]);
    expect(args.integers("batch", [7])).toEqual([1, 16]);
    expect(args.integers("rounds", [7])).toEqual([7]);
  });

  it("are named where they are wrong", () => {
    expect(() => new Args(["--fast"], ["rounds"])).toThrow(/^E_OPTION no option --fast; there are --rounds/);
    expect(() => new Args(["--rounds"], ["rounds"])).toThrow("E_OPTION --rounds needs a value");
    expect(() => args.names("networks", { of: ["c"] })).toThrow('E_OPTION --networks has no "b"; it takes c');
    expect(() => new Args(["--rounds", "1"], ["rounds"]).integers("rounds", [], 2)).toThrow(
      "E_OPTION --rounds is 1; give integers of 2 or more",
    );
  });
});

describe("rows", () => {
  const timed: Timed[] = [
    { what: "swivel", simd: "relaxed", threads: 2, macs: 1e6, ms: [1, 2, 4] },
    { what: "swivel", simd: "relaxed", threads: 1, macs: 1e6, ms: [2, 4, 8] },
    // three times as slow, 3·e^±0.1 in two rounds
    { what: "peer", peer: "onnxruntime-web", threads: 2, macs: 1e6, ms: [3, 6 * Math.exp(0.1), 12 * Math.exp(-0.1)] },
    { what: "peak", simd: "relaxed", threads: 1, macs: 4e6, ms: [1, 2, 4] },
    { what: "peak", simd: "relaxed", threads: 2, macs: 8e6, ms: [1, 2, 4] },
  ];
  const record: InferenceRecord = { network: "n", batch: 1, threads: 2, rounds: 3, timed, differences: {}, failed: {}, versions: {} };

  it("have ratios with t intervals on the logarithms of pairs", () => {
    const [row] = rowsOf(record) as [Row];
    // standard deviation 0.1 of three logarithms; the 97.5 % quantile of t with 2 degrees of freedom, as printed in tables: 4.3027
    const half = (4.3027 * 0.1) / Math.sqrt(3);
    expect(row.ms).toBe(2);
    expect(row.ratio).toBeCloseTo(3, 10);
    expect(row.low).toBeCloseTo(3 * Math.exp(-half), 4);
    expect(row.high).toBeCloseTo(3 * Math.exp(half), 4);
    expect(row.shareOfPeak).toBeCloseTo(1 / 8, 10);
    expect(row.gflops).toBeCloseTo(1, 10);
    expect(row.scaling?.speedup.value).toBeCloseTo(2, 10);
    expect(row.scaling?.ofPeak).toBeCloseTo(2, 10);
    expect(row.scaling?.share.value).toBeCloseTo(1, 10);
    expect(peaksOf([record])).toEqual([
      { simd: "relaxed", threads: 1, gflops: 4 },
      { simd: "relaxed", threads: 2, gflops: 8 },
    ]);
  });

  it("stand without peers too", () => {
    const alone = rowsOf({ ...record, timed: timed.filter(({ what }) => what !== "peer") });
    expect(alone).toMatchObject([{ network: "n", threads: 2, peer: null, ratio: null, low: null, high: null }]);
  });

  const row = (change: Partial<Row>): Row => ({
    ...{ network: "lenet", batch: 1, threads: 1, simd: "relaxed", peer: "onnxruntime-web", ms: 1, peerMs: 3 },
    ...{ ratio: 3.2, low: 3.1, high: 3.3, gflops: 1, shareOfPeak: 0.5, rounds: 3 },
    ...change,
  });
  const interval = (value: number, low: number, high: number) => ({ value, low, high });

  it.each([
    [row({}), [[3, true]]],
    [row({ low: 2.9 }), [[3, false]]],
    [row({ simd: "baseline", low: 2.1 }), [[2, true]]],
    [row({ batch: 16, low: 0.9 }), [[1, false]]],
    [row({ threads: 2, low: 1.1 }), [[1, true]]],
    [row({ network: "mobilenet-v2", peer: "tensorflow.js" }), [[3, true]]],
    [row({ network: "mobilenet-v2", simd: "baseline", low: 1.1 }), [[1, true]]],
    [row({ peer: null }), []],
    // small networks must lose nothing, large ones gain what the loop gains
    [
      row({ peer: null, threads: 2, scaling: { speedup: interval(0.98, 0.9, 1.01), ofPeak: 1.9, share: interval(0.5, 0.5, 0.5) } }),
      [[1, true]],
    ],
    [
      row({ peer: null, threads: 2, scaling: { speedup: interval(0.9, 0.8, 0.95), ofPeak: 1.9, share: interval(0.5, 0.5, 0.5) } }),
      [[1, false]],
    ],
    [
      row({
        peer: null,
        network: "resnet18",
        threads: 2,
        scaling: { speedup: interval(1.7, 1.6, 1.8), ofPeak: 1.9, share: interval(0.9, 0.85, 0.95) },
      }),
      [[0.9, false]],
    ],
  ] as [Row, [number, boolean][]][])("are judged by their bars (%#)", (given, expected) => {
    const verdicts = judge([given], { lenet: 4e5, resnet18: 1.8e9, "mobilenet-v2": 3e8 });
    expect(verdicts.map(({ bar, meets }) => [bar, meets])).toEqual(expected);
  });

  it("are judged once by their threads, whoever is compared with", () => {
    const scaling = { speedup: interval(1, 1, 1), ofPeak: 2, share: interval(0.5, 0.5, 0.5) };
    const two = [row({ threads: 2, scaling }), row({ threads: 2, peer: "tensorflow.js", scaling })];
    expect(judge(two, {}).map(({ what }) => what)).toEqual(["onnxruntime-web", "threads", "tensorflow.js"]);
  });

  it("of cuts, widths and training", () => {
    const network = (macs: number) => ({ name: "", title: "", shape: [], macs });
    const cut = cutRow("n", [network(100), network(60)], [10, 20], [6.5, 13]);
    expect(cut).toMatchObject({ network: "n", macsSaved: 0.4, ms: { whole: 15, cut: 9.75 }, meets: true });
    expect([cut.timeSaved, cut.low, cut.high].map((share) => share.toFixed(6))).toEqual(["0.350000", "0.350000", "0.350000"]);
    expect(cutRow("n", [network(100), network(60)], [10, 20], [6.7, 13.4]).meets).toBe(false);

    expect([3, 8, 16, 23, 24, 25, 40, 67].map(nearestMultiples)).toEqual([[16], [16], [16], [16], [16, 32], [32], [32, 48], [64]]);
    expect(widthRow(13, 8, 16, [1.2, 2.4], [1, 2])).toMatchObject({ cost: expect.closeTo(1.2, 10), meets: true });
    expect(widthRow(13, 8, 16, [1.4, 2.8], [1, 2]).meets).toBe(false);

    const samples = (threads: number, macs: number, ms: number[]) => ({ threads, macs, batch: 128, ms });
    const record = {
      steps: [samples(1, 5e6, [1, 2]), samples(2, 5e6, [0.5, 1])],
      peaks: [samples(1, 1e7, [1, 2]), samples(2, 2e7, [1, 2])],
    };
    expect(trainRows("resnet20", "relaxed", record)).toMatchObject([
      { threads: 1, ms: 1.5, share: expect.closeTo(0.5, 10), meets: true },
      {
        threads: 2,
        share: expect.closeTo(0.5, 10),
        scaling: { speedup: expect.closeTo(2, 10), ofPeak: expect.closeTo(2, 10) },
        meets: true,
      },
    ]);
    expect(trainRows("resnet20", "baseline", record)[0]?.meets).toBeUndefined();
  });
});

describe("in Chromium", () => {
  const number = expect.any(Number);

  it.each(["worker", "window"])("inference agrees with the peers', by one thread and by two (%s)", async (place) => {
    const { value, text } = await benchCpu([..."--networks lenet --batch 1,3 --threads 1,2 --rounds 2 --place".split(" "), place], {
      sampleMs: 5,
      warmMs: 5,
      budgetMs: 0,
    });
    const { rows, failed, peaks, peakGflops } = value as { rows: Row[]; failed: unknown[]; peaks: unknown[]; peakGflops: number };
    expect(failed).toEqual([]);
    const expected = [1, 2].flatMap((threads) =>
      [1, 3].flatMap((batch) =>
        ["relaxed", "baseline"].flatMap((simd) =>
          ["onnxruntime-web", "tensorflow.js"].map((peer) => ({ network: "lenet", batch, threads, simd, peer })),
        ),
      ),
    );
    expect(rows).toMatchObject(expected);
    for (const row of rows) {
      expect(row).toMatchObject({ ms: number, peerMs: number, ratio: number, low: number, high: number, shareOfPeak: number, rounds: 2 });
      expect(row.scaling !== undefined).toBe(row.threads === 2);
      expect(row.low as number).toBeLessThanOrEqual(row.ratio as number);
    }
    expect(peaks).toHaveLength(4);
    expect(peakGflops).toBeGreaterThan(0);
    expect(text).toContain("bars met: ");
    expect(Object.keys(bars.relaxed)).toEqual(["onnxruntime-web", "tensorflow.js"]);
  });

  it("cuts and widths are timed", async () => {
    const cuts = await benchCuts(["--networks", "resnet20/cifar10", "--rounds", "2"]);
    expect(cuts.value.rows).toEqual([
      {
        ...{ network: "resnet20/cifar10", macsSaved: number, timeSaved: number, low: number, high: number },
        ...{ ms: { whole: number, cut: number }, meets: expect.any(Boolean) },
      },
    ]);
    const widths = await benchWidths(["--widths", "13,24", "--sizes", "8", "--rounds", "2"]);
    expect(widths.value.rows).toMatchObject([
      { width: 13, size: 8, multiple: 16, msPerMac: number, cost: number },
      { width: 24, size: 8, multiple: expect.any(Number), msPerMac: number, cost: number },
    ]);
  });

  it("layers of other networks agree with the peers'", async () => {
    const times = { sampleMs: 5, warmMs: 5, budgetMs: 0 };
    const { value, text } = await benchLayers("--layers fire-55,avg3-28,mlp-784 --rounds 2".split(" "), times);
    expect(value).toMatchObject({ failed: [] });
    expect(value.rows).toMatchObject(
      ["fire-55", "avg3-28", "mlp-784"].flatMap((network) =>
        ["onnxruntime-web", "tensorflow.js"].map((peer) => ({ network, peer, batch: 1, threads: 1, simd: "relaxed", ratio: number })),
      ),
    );
    expect(text).toContain("bars met: ");
    await expect(benchLayers(["--layers", "conv9"])).rejects.toThrow(/E_OPTION --layers has no "conv9"; it takes conv3-s2-224/);
  });

  it("a build runs beside another, or says what it misses", async () => {
    const times = { sampleMs: 5, warmMs: 5 };
    const { value, text } = await benchBuilds(["--other", ".", ..."--networks lenet --threads 2 --rounds 2".split(" ")], times);
    expect(value.rows).toMatchObject([{ network: "lenet", ms: number, otherMs: number, ratio: number, low: number, high: number }]);
    expect(text).toContain("batch 1, 2 threads, relaxed SIMD, 2 rounds");
    await expect(benchBuilds([])).rejects.toThrow("E_OPTION --other is missing");
    await expect(benchBuilds(["--other", "docs"])).rejects.toThrow(/docs has no dist\/index.js; give the folder of a repository/);
  });

  // of two images, batch norms make so much of rounding that the third losses differ by a thousandth, the peers' own among each other
  it("a training step has the peers' losses", async () => {
    const { value } = await benchTrain([
      ..."--network small-cnn --batch 4 --simd baseline --rounds 2 --peer-batch 4 --peer-rounds 2".split(" "),
    ]);
    const { rows, peers, failed, losses } = value as {
      rows: unknown[];
      peers: unknown[];
      failed: unknown;
      losses: Record<string, number[]>;
    };
    expect(failed).toEqual({});
    expect(rows).toMatchObject(
      [1, 2].map((threads) => ({ network: "small-cnn", simd: "baseline", batch: 4, threads, ms: number, share: number })),
    );
    expect(peers).toMatchObject(["jax-js", "tensorflow.js"].map((peer) => ({ peer, batch: 4, ratio: number, rounds: 2 })));
    expect(new Set(losses.swivel).size).toBe(3);
  });

  it("names what it does not know", async () => {
    await expect(benchCpu(["--networks", "resnet9"])).rejects.toThrow(/E_OPTION --networks has no "resnet9"; it takes lenet/);
  });
});
