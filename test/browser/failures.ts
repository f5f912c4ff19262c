/** Op cases in a page, where there is no test runner. */
import type { Backend } from "../../src/backends/backend.ts";
import { type OpCase, title } from "../ops/case.ts";
import { type OneNode, rounded } from "../ops/one_node.ts";
import { oracleOf } from "../ops/tolerance.ts";

/** Which outputs of these cases are further from the reference than they may be; `k` as runCases takes it. */
export async function failuresOf(
  backend: Backend,
  cases: readonly OpCase[],
  k?: (testCase: OpCase, node: OneNode) => number | undefined,
): Promise<string[]> {
  const failures: string[] = [];
  for (const testCase of cases) {
    const { node, expected, bounds } = oracleOf(testCase);
    const executable = await backend.compile(node.graph, { tensors: rounded(node.graph, node.tensors) });
    const results = await executable.run(rounded(node.graph, node.inputs));
    const allowed = bounds(k?.(testCase, node));
    for (const [slot, name] of Object.entries(node.outputs)) {
      const wrong = expected[slot]?.findIndex(
        (value, i) => !(Math.abs(value - (results[name]?.[i] as number)) <= (allowed[slot]?.[i] as number)),
      );
      if (wrong !== -1) failures.push(`${title(testCase)}: ${slot}[${wrong}]`);
    }
    executable.dispose();
  }
  return failures;
}
