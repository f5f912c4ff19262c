/**
 * The matrix kernels divide whatever scratch memory they get: into bands of images, ranges of weights and chunks of batches. Here they get the least that
 * they accept, so that every division happens at sizes that a test can afford; with less they must trap, not write elsewhere.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { encodeProgram } from "../../src/backends/wasm/program.ts";
import { bindShape, sizeOf, type Value } from "../../src/graph/graph.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { trainingKernels } from "../../training/backends/lowering.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { type OpCase, title } from "../ops/case.ts";
import { allCases } from "../ops/cases.ts";
import { oneNode, rounded } from "../ops/one_node.ts";
import { Workers } from "./workers.ts";

/** Whether each output is one chain of sums, the same bits however the work is divided. Gradients of weights add up their chunks. */
const EXACT: Readonly<Record<string, boolean>> = { conv2d: true, conv2d_dx: true, conv2d_dw: false, linear_dx: true, linear_dw: true };
const GRAIN = 64;

/** The training kernels with `bytes` of scratch memory for one op. */
const withScratch = (op: string, bytes: number): typeof trainingKernels => ({
  ...trainingKernels,
  lowerings: { ...trainingKernels.lowerings, [op]: { ...trainingKernels.lowerings[op], scratch: () => bytes } },
});

function prepare(testCase: OpCase) {
  const { graph, inputs, tensors, outputs } = oneNode(testCase);
  const names = Object.values(outputs);
  const first = graph.values[graph.inputs[0] as string] as Value;
  const batch = first.shape[0] === "N" ? (inputs[first.name]?.length ?? 0) / sizeOf(first.shape.slice(1) as number[]) : 1;
  const plan = makePlan(graph, trainingOps, batch, names);
  const ample = encodeProgram(plan, trainingKernels, 0, 0, 1).scratchStride;
  const results = names.map((name) => ({ name, elements: sizeOf(bindShape((graph.values[name] as Value).shape, batch)) }));
  return { plan, ample, tensors: rounded(graph, { ...inputs, ...tensors }), results };
}

describe("with the least scratch memory", () => {
  let workers: Workers;
  beforeAll(async () => {
    workers = await Workers.create("relaxed");
  });

  it.each(allCases.filter(({ op }) => op in EXACT).map((testCase) => [title(testCase), testCase] as const))("%s", (_title, testCase) => {
    const { plan, ample, tensors, results } = prepare(testCase);
    const run = (count: number, bytes: number) => workers.run(plan, count, tensors, results, withScratch(testCase.op, bytes));
    const accepts = (bytes: number): boolean => {
      try {
        run(1, bytes);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
        return false;
      }
    };
    let [low, high] = [512, ample];
    while (high - low > GRAIN) {
      const middle = GRAIN * Math.floor((low + high) / 2 / GRAIN);
      if (accepts(middle)) high = middle;
      else low = middle;
    }
    const expected = run(1, ample);
    const wanted = new Float32Array(expected.bytes[0]?.buffer as ArrayBuffer);
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const bytes of [high, Math.ceil(1.4 * high)]) {
      const alone = run(1, bytes);
      const shared = run(3, bytes);
      expect([alone.stray, shared.stray], `bytes outside the outputs, with ${bytes} of scratch memory`).toEqual([-1, -1]);
      expect(Buffer.compare(alone.bytes[0] as Uint8Array, shared.bytes[0] as Uint8Array), `bits of 3 workers with ${bytes}`).toBe(0);
      const got = new Float32Array(alone.bytes[0]?.buffer as ArrayBuffer);
      const error = got.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] as number))), 0);
      expect(error, `largest difference with ${bytes} instead of ${ample}`).toBeLessThanOrEqual(EXACT[testCase.op] ? 0 : 1e-5 * scale);
    }
  });
});
