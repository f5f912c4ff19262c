/**
 * What kernels make of NaN, infinities, ties, extremes, and labels out of range; and how accurate sums and exponentials are. Each subject declares its
 * tests for a backend.
 */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import type { Attr } from "../../src/graph/graph.ts";
import type { TrainingOpName } from "../../training/ops/index.ts";
import { Random } from "../../training/random.ts";
import { oneNode, rounded } from "../ops/one_node.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

type Given = Readonly<Record<string, readonly [shape: readonly number[], data: readonly number[]]>>;
/** The outputs of one node by slot. */
export type RunOp = (op: TrainingOpName, given: Given, attrs?: Record<string, Attr>) => Promise<Record<string, number[]>>;

/** `backend` is asked at each run: tests are declared before there is one. */
export function runOpOn(backend: () => Backend): RunOp {
  return async (op, given, attrs = {}) => {
    const shapes = Object.fromEntries(Object.entries(given).map(([slot, [shape]]) => [slot, shape]));
    const values = Object.fromEntries(Object.entries(given).map(([slot, [, data]]) => [slot, { kind: "given", data } as const]));
    const node = oneNode({ name: "special values", op, attrs, shapes, values });
    const executable = await backend().compile(node.graph, { tensors: rounded(node.graph, node.tensors) });
    const results = await executable.run(rounded(node.graph, node.inputs));
    executable.dispose();
    return Object.fromEntries(Object.entries(node.outputs).map(([slot, name]) => [slot, [...(results[name] as Float32Array)]]));
  };
}

const poolGeometries: readonly Record<string, Attr>[] = [
  { kernel: [2, 2], stride: [2, 2] },
  { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { kernel: [2, 2], stride: [1, 1] },
  { kernel: [4, 4], stride: [3, 3] },
];

export const specialValues = {
  activations(run) {
    it.each([
      ["relu", [nan, 1, nan, inf, 0, 0, 2]],
      ["relu6", [nan, 1, nan, 6, 0, 0, 2]],
    ] as const)("%s keeps NaN", async (op, expected) => {
      const { y } = await run(op, {
        x: [
          [1, 7],
          [nan, 1, nan, inf, -inf, -1, 2],
        ],
      });
      expect(y).toEqual(expected);
    });
  },

  activationGradients(run) {
    it.each([
      ["relu", [1, 0, 1, 0, 0, 1, 1]],
      ["relu6", [1, 0, 1, 0, 0, 1, 0]],
    ] as const)("the gradient of %s passes where x is NaN and stops at kinks", async (fn, expected) => {
      const { dx } = await run(
        "activation_grad",
        {
          x: [
            [1, 7],
            [nan, -1, 1, 0, -inf, 3, 6],
          ],
          dy: [
            [1, 7],
            [1, 1, 1, 1, 1, 1, 1],
          ],
        },
        { fn },
      );
      expect(dx).toEqual(expected);
    });
  },

  maxPool(run) {
    describe("max_pool", () => {
      it.each(poolGeometries)("gives NaN for every window with one, and for no other: %j", async (attrs) => {
        const [kh, kw] = attrs.kernel as [number, number];
        const [sh, sw] = attrs.stride as [number, number];
        const [pt = 0, pl = 0] = (attrs.padding ?? []) as number[];
        // one image for each place of the NaN
        const images = Array.from({ length: 100 * 100 }, (_, i) => (Math.floor(i / 100) === i % 100 ? nan : -1));
        const { y = [] } = await run("max_pool", { x: [[100, 1, 10, 10], images] }, attrs);
        const width = Math.sqrt(y.length / 100);
        y.forEach((value, i) => {
          const [bad, at] = [Math.floor(i / width ** 2), i % width ** 2];
          const top = Math.floor(at / width) * sh - pt;
          const left = (at % width) * sw - pl;
          const [row, column] = [Math.floor(bad / 10), bad % 10];
          const holds = row >= top && row < top + kh && column >= left && column < left + kw;
          expect(value, `window ${at}, NaN at ${bad}`).toEqual(holds ? nan : -1);
        });
      });

      it.each(poolGeometries)("gives −∞ where every pixel is: %j", async (attrs) => {
        const { y } = await run("max_pool", { x: [[1, 1, 10, 10], new Array<number>(100).fill(-inf)] }, attrs);
        expect(new Set(y)).toEqual(new Set([-inf]));
      });
    });
  },

  maxPoolGradient(run) {
    describe("the gradient of max_pool", () => {
      it.each(poolGeometries)("stays inside the image where every pixel is −∞: %j", async (attrs) => {
        const x = [[1, 1, 10, 10], new Array<number>(100).fill(-inf)] as const;
        const { y } = await run("max_pool", { x }, attrs);
        const side = Math.sqrt((y as number[]).length);
        const dy = [[1, 1, side, side], (y as number[]).map(() => 1)] as const;
        const { dx } = await run("max_pool_dx", { x, dy }, attrs);
        expect((dx as number[]).reduce((sum, value) => sum + value, 0)).toBe(side * side);
      });

      it.each(poolGeometries)("sends each dy to one pixel although x is NaN: %j", async (attrs) => {
        const x = [[1, 1, 10, 10], Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? nan : i))] as const;
        const { y } = await run("max_pool", { x }, attrs);
        const side = Math.sqrt((y as number[]).length);
        const { dx } = await run("max_pool_dx", { x, dy: [[1, 1, side, side], (y as number[]).map(() => 1)] }, attrs);
        expect((dx as number[]).reduce((sum, value) => sum + value, 0)).toBe(side * side);
      });
    });
  },

  softmax(run) {
    describe("softmax", () => {
      it("survives extremes", async () => {
        const { y } = await run("softmax", {
          x: [
            [3, 3],
            [1000, 0, -1000, -inf, 5, 5, -3e38, 3e38, 3e38],
          ],
        });
        expect(y).toEqual([1, 0, 0, 0, 0.5, 0.5, 0, 0.5, 0.5]);
      });

      it.each([nan, inf])("makes NaN of a row with %d, and of no other", async (bad) => {
        const { y } = await run("softmax", {
          x: [
            [3, 2],
            [0, 0, bad, 0, 0, 0],
          ],
        });
        expect(y).toEqual([0.5, 0.5, nan, nan, 0.5, 0.5]);
      });
    });
  },

  exponentials(run) {
    it("softmax is accurate to 3 units in the last place, down to subnormal results", async () => {
      const random = new Random("exponentials");
      const pairs = Array.from({ length: 20_000 }, () => [0, Math.fround(-105 * random.uniform())]).flat();
      const { y } = await run("softmax", { x: [[pairs.length / 2, 2], pairs] });
      let worst = 0;
      for (let i = 1; i < pairs.length; i += 2) {
        const exact = 1 / (1 + Math.exp(-(pairs[i] as number)));
        const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(exact))) - 23);
        worst = Math.max(worst, Math.abs((y?.[i] as number) - exact) / unit);
      }
      expect(worst).toBeLessThan(3);
    });
  },

  batchNormTrain(run) {
    describe("batch_norm_train", () => {
      it.each([
        [[8, 2, 16, 16], 1000],
        [[64, 6], 1000],
        [[2, 1, 150, 150], -300],
      ] as const)("finds the variance of %j around %d", async (shape, center) => {
        const [n = 1, c = 1, h = 1, w = 1] = shape;
        const random = new Random("variance");
        const x = Array.from({ length: n * c * h * w }, () => Math.fround(center + random.uniform()));
        const per = (value: number): readonly [number[], number[]] => [[c], new Array<number>(c).fill(value)];
        const given = { x: [shape, x], gamma: per(1), beta: per(0), running_mean: per(0), running_var: per(1) } as const;
        const results = await run("batch_norm_train", given, { momentum: 1 });
        for (let channel = 0; channel < c; channel++) {
          const own = x.filter((_, i) => Math.floor(i / (h * w)) % c === channel);
          const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
          const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
          expect(results.mean?.[channel]).toBeCloseTo(mean, 3);
          expect((results.var?.[channel] as number) / (squares / own.length)).toBeCloseTo(1, 5);
          expect((results.next_var?.[channel] as number) / (squares / (own.length - 1))).toBeCloseTo(1, 5);
        }
      });

      it("keeps finite numbers where a channel is constant or has one element", async () => {
        const per = [[1], [1]] as const;
        const given = { gamma: per, beta: per, running_mean: per, running_var: per };
        expect(
          await run("batch_norm_train", {
            ...given,
            x: [
              [4, 1],
              [3, 3, 3, 3],
            ],
          }),
        ).toMatchObject({ y: [1, 1, 1, 1], mean: [3], var: [0] });
        const { y, next_var } = await run("batch_norm_train", { ...given, x: [[1, 1], [3]] });
        expect([y, next_var]).toEqual([[1], [expect.closeTo(0.9, 6)]]);
      });
    });
  },

  labels(run) {
    describe("labels", () => {
      const logits = [
        [4, 3],
        [1, 2, 3, 3, 2, 1, 1, 1, 1, 0, 5, 0],
      ] as const;

      it.each([-1, 3, 2 ** 31 - 1, -(2 ** 31)])("%d out of range makes the loss NaN and touches nothing else", async (label) => {
        const labels = [[4], [2, 0, 0, label]] as const;
        expect((await run("cross_entropy", { logits, labels })).y).toEqual([nan]);
        const { dx } = await run("cross_entropy_dx", { logits, labels, dy: [[1], [1]] });
        const { dx: expected } = await run("cross_entropy_dx", { logits, labels: [[4], [2, 0, 0, 1]], dy: [[1], [1]] });
        expect(dx?.slice(0, 9)).toEqual(expected?.slice(0, 9));
        expect(dx?.every(Number.isFinite)).toBe(true);
        const { next } = await run("tally", { loss: [[1], [0.5]], logits, labels, totals: [[3], [1, 2, 3]] });
        expect(next).toEqual([3, 5, 7]);
      });

      it("are hit by the first largest logit only, and never in a row with a NaN", async () => {
        const tally = async (row: number[], label: number): Promise<number | undefined> =>
          (await run("tally", { loss: [[1], [0]], logits: [[1, 3], row], labels: [[1], [label]], totals: [[3], [0, 0, 0]] })).next?.[1];
        expect([await tally([7, 7, 1], 0), await tally([7, 7, 1], 1), await tally([1, 7, 7], 1)]).toEqual([1, 0, 1]);
        expect([await tally([nan, 1, 0], 0), await tally([nan, 1, 0], 1), await tally([1, 0, nan], 0)]).toEqual([0, 0, 0]);
      });

      it("may ignore a logit of −∞ that is not theirs", async () => {
        const { y } = await run("cross_entropy", {
          logits: [
            [1, 3],
            [0, -inf, 0],
          ],
          labels: [[1], [0]],
        });
        expect(y?.[0]).toBeCloseTo(Math.LN2, 6);
      });
    });
  },

  proximal(run) {
    it("the proximal step reaches exact zeros", async () => {
      const given = { param: [[4], [0.05, -0.05, 0.5, -0.5]], grad: [[4], [0, 0, 0, 0]], velocity: [[4], [0, 0, 0, 0]] } as const;
      const { next_param } = await run("sgd", { ...given, hyper: [[4], [0.1, 0, 0, 1]] }, { proximal: true });
      expect(next_param?.map((value) => value + 0)).toEqual([0, 0, expect.closeTo(0.4, 6), expect.closeTo(-0.4, 6)]);
    });
  },
} satisfies Record<string, (run: RunOp) => void>;
