/** What several commands share: how options are read, the signal of Ctrl-C, data sets and backends by name. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../src/backends/backend.ts";
import { InputError } from "../src/errors.ts";
import { wasmTrainingBackend } from "../training/backends/wasm.ts";
import { type Dataset, fashionSlice, openDataset } from "../training/data/index.ts";
import { makeOutput, type Output } from "./output.ts";

export function integer(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min) throw new InvalidArgumentError(`expected an integer of ${min} or more`);
    return value;
  };
}

export function number(min: number, max = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max) {
      throw new InvalidArgumentError(
        Number.isFinite(max) ? `expected a number from ${min} to ${max}` : `expected a number of ${min} or more`,
      );
    }
    return value;
  };
}

export const threadsOption = (): Option =>
  new Option("--threads <count>", "how many threads, or auto")
    .default("auto")
    .argParser((text) => (text === "auto" ? text : integer(1)(text)));

export const dataOption = (): Option =>
  new Option("--data <folder>", "idx files, CIFAR binaries or class folders; the Fashion-MNIST slice that ships with Swivel unless given");

export const jsonOption = (): Option => new Option("--json", "print one JSON document on stdout and nothing else there");

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

export interface DataChoice {
  readonly data?: string;
  /** Use so many test images at most. */
  readonly limitTest?: number;
  readonly limitTrain?: number;
  /** Pixels that class folders are resized to. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly channels?: 1 | 3;
}

export async function openData(choice: DataChoice, output: Output, signal?: AbortSignal): Promise<Dataset> {
  const limit = { train: choice.limitTrain, test: choice.limitTest };
  if (choice.data === undefined) return fashionSlice({ limit });
  const dataset = await openDataset(choice.data, {
    limit,
    size: choice.size,
    channels: choice.channels,
    signal,
    onProgress: ({ done, total }) => output.progress(`reading pictures: ${done} of ${total}`),
  });
  for (const note of dataset.notes ?? []) output.note(note);
  return dataset;
}

/** A backend that can train. Throws InputError E_OPTION for an unknown name. */
export async function openTrainingBackend(name: string, threads: number | "auto"): Promise<Backend> {
  if (name === "wasm" || name === "auto") return wasmTrainingBackend({ threads });
  if (name === "reference") {
    const { referenceTrainingBackend } = await import("../training/reference/index.ts");
    return referenceTrainingBackend();
  }
  throw new InputError("E_OPTION", `backend "${name}" cannot train here; choose wasm, or reference (float64, slow)`);
}

export const sessionBackendOption = (): Option =>
  new Option("--backend <name>", "where to run").choices(["auto", "wasm", "webgpu"]).default("auto");
