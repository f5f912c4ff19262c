import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readModel, writeModel } from "../../src/model/model.ts";
import { optimize } from "../../src/passes/index.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";

/** One file per format version, made once by tools/make-golden.ts: whatever changes, these must be read and give these logits. */
const versions = ["v1"];

const fixture = (name: string) => new URL(`../fixtures/golden/${name}`, import.meta.url);

describe.each(versions)("the golden model file of format %s", (version) => {
  const file = readFileSync(fixture(`model-${version}.safetensors`));
  const expected = JSON.parse(readFileSync(fixture(`model-${version}.json`), "utf8")) as { image: number[]; logits: number[] };
  const image = Float32Array.from(expected.image);

  it("is read, with all that it holds", () => {
    const { preprocess, classNames, info } = readModel(file);
    expect(preprocess).toEqual({ width: 8, height: 8, channels: 3, order: "RGB", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    expect(classNames).toEqual(["circle", "square", "triangle", "Stern ☆"]);
    expect(info).toEqual({ purpose: "every later version must read this file and compute these logits" });
  });

  it("gives its logits, as it is and optimized", async () => {
    const { graph, tensors } = readModel(file);
    const executable = await new ReferenceBackend().compile(graph, { tensors });
    const { logits } = executable.runExact({ image });
    expected.logits.forEach((logit, i) => void expect(logits?.[i]).toBeCloseTo(logit, 12));
    const folded = optimize(graph, tensors);
    const fast = await new ReferenceBackend().compile(folded.graph, { tensors: folded.tensors });
    // weights are rounded to float32 once
    expected.logits.forEach((logit, i) => void expect(fast.runExact({ image }).logits?.[i]).toBeCloseTo(logit, 5));
  });

  it("can be written and read again", () => {
    const model = readModel(file);
    expect(readModel(writeModel(model))).toEqual(model);
  });
});
