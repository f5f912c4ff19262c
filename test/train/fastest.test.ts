/** The measured choice of a training backend. */
import { expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { BackendError } from "../../src/errors.ts";
import { fastestTrainingBackend } from "../../training/backends/fastest.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { toyModel } from "./toy.ts";

const task = { ...toyModel(), batchSize: 16 };
const broken: Backend = {
  name: "webgpu",
  compile: () => Promise.reject(new BackendError("E_MEMORY", "no memory; take less")),
  dispose() {},
};

it("takes the faster one, says why, and leaves the weights as they are", async () => {
  const before = structuredClone(task.tensors);
  const wasm = await wasmTrainingBackend({ threads: 1 });
  const { backend, ms, why } = await fastestTrainingBackend([referenceTrainingBackend(), wasm], task);
  expect(backend).toBe(wasm);
  expect(ms).toHaveLength(2);
  expect(why).toMatch(/^a training step was measured: reference [\d.e+]+ ms, wasm [\d.e+]+ ms$/);
  expect(task.tensors).toEqual(before);
  wasm.dispose();
});

it("passes over one that cannot run the network, and throws where none can", async () => {
  const wasm = await wasmTrainingBackend({ threads: 1 });
  const { backend, ms, why } = await fastestTrainingBackend([broken, wasm], task);
  expect(backend).toBe(wasm);
  expect(ms[0]).toBeUndefined();
  expect(why).toContain("webgpu cannot run it");
  await expect(fastestTrainingBackend([broken], task)).rejects.toMatchObject({ code: "E_MEMORY" });
  wasm.dispose();
});
