/** Runs cases on a backend and compares them with the float64 reference. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Executable, TensorData } from "../../src/backends/backend.ts";
import { bindShape, type Graph, sizeOf, type Tensors } from "../../src/graph/graph.ts";
import type { TrainingOpName } from "../../training/ops/index.ts";
import { type OpCase, title } from "./case.ts";
import { type OneNode, rounded } from "./one_node.ts";
import { type Oracle, oracleOf } from "./tolerance.ts";

interface CaseOptions {
  /** Another k for a case whose kernel rounds more on this backend, or undefined. */
  k?(testCase: OpCase, node: OneNode): number | undefined;
  /** Ops that this backend cannot run, and why; compiling them must say so with BackendError E_UNSUPPORTED. */
  readonly unsupported?: Partial<Readonly<Record<TrainingOpName, string>>>;
  /**
   * Fixes the batch of each graph. WebGPU compiles pipelines for each batch, which takes software adapters most of the time, and each has buffers of its own:
   * the NaNs then run in those that the case runs in.
   */
  readonly fixedBatch?: boolean;
}

/**
 * One test per case: outputs within the tolerance, parameters untouched unless the op updates them, and the same bits when run again. Each case
 * runs after one of NaNs, on a larger batch where it is free, so that a kernel which reads what it should not, or leaves an output unwritten, is found out.
 */
export function runCases(
  backendName: string,
  makeBackend: () => Backend | Promise<Backend>,
  cases: readonly OpCase[],
  options: CaseOptions = {},
): void {
  describe(backendName, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await makeBackend();
    });
    afterAll(() => backend?.dispose());

    it.each(cases.map((testCase) => [title(testCase), testCase] as const))("%s", async (_title, testCase) => {
      const { node } = oracleOf(testCase);
      const tensors = rounded(node.graph, node.tensors);
      if (options.unsupported?.[testCase.op] !== undefined) {
        await expect(backend.compile(node.graph, { tensors })).rejects.toMatchObject({ code: "E_UNSUPPORTED" });
        return;
      }
      const graph = options.fixedBatch ? withBatch(node) : node.graph;
      const executable = await backend.compile(graph, { tensors });
      try {
        await executable.run(poison(graph, node.inputs));
        await checkCase(oracleOf(testCase), executable, options.k?.(testCase, node));
      } finally {
        executable.dispose();
      }
    });
  });
}

async function checkCase({ node, expected, bounds }: Oracle, executable: Executable, k: number | undefined): Promise<void> {
  const inputs = rounded(node.graph, node.inputs);
  const tensors = rounded(node.graph, node.tensors);
  const restore = async (): Promise<void> => {
    for (const [name, data] of Object.entries(tensors)) await executable.write(name, data);
  };
  await restore();
  const results = await executable.run(inputs);
  const allowed = bounds(k);
  for (const [slot, name] of Object.entries(node.outputs)) {
    expectWithin(slot, results[name] as TensorData, expected[slot] as Float64Array, allowed[slot] as Float64Array);
  }
  await checkTensors(node, executable, tensors, results);

  await restore();
  const again = await executable.run(inputs);
  for (const name of Object.values(node.outputs)) expectSameBits(`${name} of a second run`, again[name], results[name]);
}

/** What the op updates holds its outputs, everything else what was put there. */
async function checkTensors(node: OneNode, executable: Executable, tensors: Tensors, results: Tensors): Promise<void> {
  for (const [name, data] of Object.entries(tensors)) {
    const updated = node.outputs[name === "totals" ? "next" : `next_${name.replace("running_", "")}`];
    expectSameBits(`${name} after the run`, await executable.read(name), updated === undefined ? data : results[updated]);
  }
}

/** Fails with the worst element unless every |got − want| is within its bound. */
export function expectWithin(what: string, got: ArrayLike<number>, want: Float64Array, allowed: Float64Array): void {
  expect(got.length, `elements of ${what}`).toBe(want.length);
  let worst = -1;
  let excess = 0;
  want.forEach((value, i) => {
    const error = Math.abs((got[i] as number) - value);
    const bound = allowed[i] as number;
    if (error <= bound) return;
    const ratio = Number.isFinite(error) ? error / bound : Number.POSITIVE_INFINITY;
    if (worst < 0 || ratio > excess) [worst, excess] = [i, ratio];
  });
  if (worst < 0) return;
  expect.fail(
    `${what}[${worst}] of ${want.length} is ${got[worst]}, expected ${want[worst]} within ${allowed[worst]}: ${excess.toFixed(2)} times the bound`,
  );
}

/** `toEqual` would take longer than all kernels together. */
function expectSameBits(what: string, got: TensorData | undefined, want: TensorData | undefined): void {
  expect(got?.length, `elements of ${what}`).toBe(want?.length);
  const wrong = want?.findIndex((value, i) => !Object.is(got?.[i], value)) ?? 0;
  if (wrong >= 0) expect.fail(`${what}: element ${wrong} is ${got?.[wrong]}, expected ${want?.[wrong]}`);
}

/** The graph for the batch that the node's inputs have. */
function withBatch({ graph, inputs }: OneNode): Graph {
  const free = Object.values(graph.values).find(({ role, shape }) => role === "input" && shape[0] === "N");
  if (!free) return graph;
  const batch = (inputs[free.name] as Float64Array).length / sizeOf(bindShape(free.shape, 1));
  const values = Object.entries(graph.values).map(([name, value]) => [name, { ...value, shape: bindShape(value.shape, batch) }]);
  return { ...graph, values: Object.fromEntries(values) };
}

/** NaN for every float and 0 for every integer, in a batch three times as large where it is free. */
function poison(graph: Graph, inputs: OneNode["inputs"]): Tensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, data]): [string, TensorData] => {
      const value = graph.values[name];
      const length = value?.shape[0] === "N" ? 3 * data.length : data.length;
      return [name, value?.dtype === "i32" ? new Int32Array(length) : new Float32Array(length).fill(Number.NaN)];
    }),
  );
}
