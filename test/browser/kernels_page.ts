/** The page of kernels.test.ts: the kernels' cases and PyTorch's training steps on Wasm, and a trainer in a worker of the page's own. */
import { createWasmBackend, inferenceBuild } from "../../src/backends/wasm/backend.ts";
import { chooseSimd, type Simd } from "../../src/backends/wasm/features.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { allCases, inferenceCases } from "../ops/cases.ts";
import { wasmK } from "../ops/wasm_k.ts";
import { float32Failures, type Start, type Steps } from "../train/pytorch_steps.ts";
import { errors } from "./errors.ts";
import { failuresOf } from "./failures.ts";
import type { TrainerAnswer } from "./trainer_worker.ts";

const tools = {
  errors,
  /** The levels that this browser has. */
  async levels(): Promise<Simd[]> {
    return (await chooseSimd("auto")) === "relaxed" ? ["relaxed", "baseline"] : ["baseline"];
  },
  /** Every case on one build of the module; how many there were, and what is outside its bound. */
  async cases(build: "inference" | "training", simd: Simd): Promise<{ count: number; failures: string[] }> {
    const options = { simd, threads: 1 };
    const backend = await (build === "training" ? wasmTrainingBackend(options) : createWasmBackend(inferenceBuild, options));
    const cases = build === "training" ? allCases : inferenceCases;
    const failures = await failuresOf(backend, cases, wasmK);
    backend.dispose();
    return { count: cases.length, failures };
  },
  async pytorch(simd: Simd, kind: string, steps: Steps, data: Readonly<Record<string, readonly number[]>>): Promise<string[]> {
    const backend = await wasmTrainingBackend({ simd, threads: 1 });
    const start = Object.fromEntries(Object.entries(data).map(([name, values]) => [name, Float32Array.from(values)])) as Start;
    const failures = await float32Failures(backend, kind, steps, start);
    backend.dispose();
    return failures;
  },
  /** Trains in a worker with so many threads, and counts the tasks that keep the page for more than 50 ms meanwhile, where the browser tells. */
  async train(threads: number): Promise<TrainerAnswer & { longTasks: number[] }> {
    const longTasks: number[] = [];
    const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)));
    if (PerformanceObserver.supportedEntryTypes.includes("longtask")) observer.observe({ entryTypes: ["longtask"] });
    const worker = new Worker(new URL("./trainer_worker.js", import.meta.url), { type: "module" });
    try {
      const answer = await new Promise<TrainerAnswer>((resolve, reject) => {
        worker.onmessage = (event: MessageEvent<TrainerAnswer>) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage({ threads });
      });
      // entries are handed out in a task of their own
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { ...answer, longTasks };
    } finally {
      observer.disconnect();
      worker.terminate();
    }
  },
};

declare global {
  interface Window {
    kernels: typeof tools;
  }
}
Object.assign(window, { tools, kernels: tools });
