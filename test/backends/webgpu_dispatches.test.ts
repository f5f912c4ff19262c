import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { webgpuDispatches } from "../../training/backends/webgpu_dispatches.ts";
import { trainingOps } from "../../training/ops/index.ts";

/** y [N, 8] = a + b, with one b for all. */
function graph() {
  const builder = new GraphBuilder(trainingOps);
  const [a, b] = [builder.input("a", ["N", 8]), builder.state("b", [1, 8])];
  builder.output(builder.add("add", "y", { a, b }));
  return builder.build();
}

describe("webgpuDispatches", () => {
  it("tells shader, constants, numbers and bytes", () => {
    const { dispatches, unsupported } = webgpuDispatches(graph(), { batch: 3 });
    expect(unsupported).toEqual([]);
    expect(dispatches).toHaveLength(1);
    const [{ node, op, shader, grid, params, bindings, constants }] = dispatches as [(typeof dispatches)[0]];
    expect({ node, op, shader: shader.name }).toEqual({ node: "y", op: "add", shader: expect.stringMatching(/^binary/) });
    expect(grid.every((size) => size >= 1)).toBe(true);
    expect(shader.code).toContain("fn main(");
    expect(constants).toMatchObject({ MULTIPLY: 0 });
    expect(params.byteLength % 16).toBe(0);
    expect(bindings).toEqual([
      { binding: "a", value: "a", bytes: 96, reads: true, writes: false },
      { binding: "b", value: "b", bytes: 32, reads: true, writes: false },
      { binding: "y", value: "y", bytes: 96, reads: false, writes: true },
    ]);
  });

  it("halves the bytes in half precision, and gives the shader that reads them", () => {
    const [half] = webgpuDispatches(graph(), { precision: "f16" }).dispatches;
    expect(half?.bindings.map(({ bytes }) => bytes)).toEqual([16, 16, 16]);
    expect(half?.shader.code).toMatch(/^enable f16;/);
  });

  it("refuses impossible batches", () => {
    expect(() => webgpuDispatches(graph(), { batch: 0 })).toThrow("E_OPTION batch is 0");
  });
});
