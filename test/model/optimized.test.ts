import { describe, expect, it } from "vitest";
import { isOptimized, PASSES } from "../../src/graph/optimized.ts";
import { readModel, writeModel } from "../../src/model/model.ts";
import { optimize } from "../../src/passes/index.ts";
import { createModel } from "../../training/models/index.ts";
import { cut } from "../../training/prune/index.ts";
import { Random } from "../../training/random.ts";

const { graph, init } = createModel("lenet", { activation: "rrelu", input: { channels: 1, height: 28, width: 28 }, classes: 10 });
const tensors = init(new Random(1));
const packed = optimize(graph, tensors);

/** The file with another number where it says which passes its graph has been through. */
function saying(passes: string): Uint8Array {
  const file = writeModel(packed);
  const text = new TextDecoder("latin1").decode(file);
  const found = `\\"passes\\":${PASSES}`;
  expect(text).toContain(found);
  return Uint8Array.from(text.replace(found, `\\"passes\\":${passes}`), (c) => c.charCodeAt(0));
}

describe("which graphs the passes have been through", () => {
  it("is known of what they return, and of no other graph", () => {
    expect(isOptimized(graph)).toBe(false);
    expect(isOptimized(packed.graph)).toBe(true);
    expect(isOptimized(structuredClone(packed.graph))).toBe(false);
    expect(isOptimized(cut(packed.graph, packed.tensors).graph)).toBe(false);
  });

  it("is kept in files", () => {
    expect(isOptimized(readModel(writeModel(packed)).graph)).toBe(true);
    expect(isOptimized(readModel(writeModel({ graph, tensors })).graph)).toBe(false);
  });

  it.each(["0", "2"])("version %s counts as none", (passes) => {
    expect(isOptimized(readModel(saying(passes)).graph)).toBe(false);
  });
});
