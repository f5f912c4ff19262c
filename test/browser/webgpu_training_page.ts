/** The page of webgpu_training.test.ts: op cases and PyTorch's steps on WebGPU, in the browser. */
import type { Backend } from "../../src/backends/backend.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { allCases } from "../ops/cases.ts";
import { float32Failures, type Start, type Steps } from "../train/pytorch_steps.ts";
import { failuresOf } from "./failures.ts";

let backend: Promise<Backend> | undefined;
const open = (): Promise<Backend> => {
  backend ??= webgpuTrainingBackend();
  return backend;
};

const tools = {
  /** Of each op every `stride`-th case; returns how many ran, and what is outside its bound. */
  async cases(stride: number): Promise<{ count: number; failures: string[] }> {
    const seen = new Map<string, number>();
    const chosen = allCases.filter(({ op }) => {
      const at = seen.get(op) ?? 0;
      seen.set(op, at + 1);
      return at % stride === 0;
    });
    return { count: chosen.length, failures: await failuresOf(await open(), chosen) };
  },
  async pytorch(kind: string, steps: Steps, data: Readonly<Record<string, readonly number[]>>): Promise<string[]> {
    const start = Object.fromEntries(Object.entries(data).map(([name, values]) => [name, Float32Array.from(values)])) as Start;
    return float32Failures(await open(), kind, steps, start);
  },
};

declare global {
  interface Window {
    training: typeof tools;
  }
}
window.training = tools;
