/** Ten training steps of a small rotated-ReLU network against PyTorch's (tools/fixtures/make_training.py). */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { errorOf, float32Failures, type Start, type Steps, setUp } from "./pytorch_steps.ts";

const folder = new URL("../fixtures/training/", import.meta.url);
const steps = JSON.parse(readFileSync(new URL("steps.json", folder), "utf8")) as Steps;
const data = Object.fromEntries(
  Object.entries(readSafetensors(readFileSync(new URL("start.safetensors", folder))).tensors).map(([name, { data }]) => [name, data]),
) as Start;
const kinds = Object.keys(steps.recipes);

describe("ten steps of PyTorch", () => {
  it.each(Object.entries(steps.recipes))("in float64 on the reference: %s", (_, recipe) => {
    const { training, hyper, imagesOf, labelsOf } = setUp(recipe, steps, data);
    const { images: _images, labels: _labels, ...start } = data;
    const executable = referenceTrainingBackend().compileExact(training.graph, start);
    for (let step = 0; step < recipe.losses.length; step++) {
      const rates = Object.fromEntries(Object.entries(hyper(step)).map(([name, values]) => [name, Float64Array.from(values)]));
      const inputs = { image: imagesOf(step), labels: Int32Array.from(labelsOf(step)), ...rates };
      const outputs = executable.runExact(inputs, ["loss", ...Object.values(training.gradients)]);
      expect(outputs.loss?.[0], `loss of step ${step + 1}`).toBeCloseTo(recipe.losses[step] as number, 10);
      for (const [name, gradient] of Object.entries(recipe.gradients?.[step + 1] ?? {})) {
        const error = errorOf(outputs[training.gradients[name] as string], gradient);
        expect(error, `gradient of ${name}, step ${step + 1}`).toBeLessThan(1e-9);
      }
    }
    for (const [name, values] of Object.entries(recipe.final ?? {})) {
      expect(errorOf(executable.readExact(name), values), `final ${name}`).toBeLessThan(1e-9);
    }
  });

  it.each(kinds)("in float32 on Wasm: %s", async (kind) => {
    const backend = await wasmTrainingBackend({ threads: 1 });
    expect(await float32Failures(backend, kind, steps, data)).toEqual([]);
    backend.dispose();
  });
});

await describeWithAdapter("swiftshader", () => {
  // one for all, since software adapters take long to make pipelines
  let backend: Backend;
  beforeAll(async () => {
    backend = await webgpuTrainingBackend();
  });
  afterAll(() => backend.dispose());

  it.each(kinds)(
    "ten steps of PyTorch in float32 on WebGPU: %s",
    async (kind) => {
      expect(await float32Failures(backend, kind, steps, data)).toEqual([]);
    },
    240_000,
  );
});
