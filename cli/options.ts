/** What several commands share: how options are read, the signal of Ctrl-C, and backends by name. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../src/backends/backend.ts";
import { adapterFacts, findAdapter } from "../src/backends/webgpu/adapter.ts";
import { fastestTrainingBackend, type TrainingTask } from "../training/backends/fastest.ts";
import { wasmTrainingBackend } from "../training/backends/wasm.ts";
import { webgpuTrainingBackend } from "../training/backends/webgpu.ts";
import { makeOutput, type Output } from "./output.ts";

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Expected an integer ${range}.`);
  };
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function number(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (DECIMAL.test(text) && Number.isFinite(value) && value >= min) return value;
    throw new InvalidArgumentError(`Expected a number of ${min} or more.`);
  };
}

/** A fraction above 0 and up to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (DECIMAL.test(text) && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a fraction above 0 and up to 1, such as 0.5.");
}

export const threadsOption = (): Option =>
  new Option("--threads <count>", "how many threads, or auto")
    .default("auto")
    .argParser((text) => (text === "auto" ? text : integer(1, 64)(text)));

export const dataOption = (): Option =>
  new Option("--data <folder>", "idx files, CIFAR binaries or class folders; the Fashion-MNIST slice that ships with Swivel unless given");

export const seedOption = (of: string): Option => new Option("--seed <number>", of).default(0).argParser(integer(0));

export const jsonOption = (): Option => new Option("--json", "print one JSON document on stdout and nothing else there");

export const sessionBackendOption = (): Option =>
  new Option("--backend <name>", "where to run; auto measures where there is a GPU").choices(["auto", "wasm", "webgpu"]).default("auto");

export const precisionOption = (): Option =>
  new Option("--precision <type>", "what weights and activations are stored in; f16 on WebGPU only").choices(["f32", "f16"]).default("f32");

const TRAINING_BACKENDS = ["auto", "wasm", "webgpu", "reference"] as const;
export type TrainingBackend = (typeof TRAINING_BACKENDS)[number];

export const trainingBackendOption = (): Option =>
  new Option("--backend <name>", "where to train; auto measures where there is a GPU; reference is float64 and slow")
    .choices(TRAINING_BACKENDS)
    .default("auto");

/** A backend that can train `task`; without a task `auto` is Wasm. A choice that was measured is told. */
export async function openTrainingBackend(
  name: TrainingBackend,
  threads: number | "auto",
  { task, output }: { readonly task?: TrainingTask; readonly output?: Output } = {},
): Promise<Backend> {
  if (name === "webgpu") return webgpuTrainingBackend();
  if (name === "reference") {
    const { referenceTrainingBackend } = await import("../training/reference/index.ts");
    return referenceTrainingBackend();
  }
  const wasm = await wasmTrainingBackend({ threads });
  const adapter = name === "auto" && task ? await findAdapter() : undefined;
  if (!adapter || !task || adapterFacts(adapter.info).software) return wasm;
  const candidates = [wasm, await webgpuTrainingBackend()];
  const { backend, why } = await fastestTrainingBackend(candidates, task);
  output?.note(`on ${backend.name}: ${why}`);
  for (const other of candidates) if (other !== backend) other.dispose();
  return backend;
}

/** `--json` may stand before or after the command's name. */
export function outputOf(command: Command): Output {
  return makeOutput(command.optsWithGlobals().json === true);
}

/** Fires at the first Ctrl-C, so that work stops whole; a second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort(new Error("interrupted")));
  process.once("SIGTERM", () => controller.abort(new Error("terminated")));
  return controller.signal;
}
