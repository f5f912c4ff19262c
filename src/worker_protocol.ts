/** What a page and its session worker say to each other. Every request gets one answer, by its number; notices come unasked. */
import type { Explanation, NodeTime, TensorData } from "./backends/backend.ts";
import type { OpenedModule } from "./backends/wasm/backend.ts";
import type { EngineInputs, ModelFacts } from "./engine.ts";
import { BackendError, DataError, type ErrorCode, GraphError, InputError, ModelError, ShapeError, SwivelError } from "./errors.ts";
import type { EngineSettings } from "./options.ts";

export interface LoadRequest {
  readonly kind: "load";
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly settings: EngineSettings;
  /** The kernels, compiled while the worker came up, or why there are none. */
  readonly module: Omit<OpenedModule, "kernels"> | { readonly error: PlainError };
}

export type Request =
  | LoadRequest
  | { readonly kind: "run"; readonly id: number; readonly inputs: EngineInputs; readonly outputs?: readonly string[] }
  | { readonly kind: "profile"; readonly id: number; readonly inputs: EngineInputs }
  /** Takes back the run of this number. Has no answer of its own. */
  | { readonly kind: "abort"; readonly id: number }
  /** Frees everything; the worker then ends by itself. */
  | { readonly kind: "dispose"; readonly id: number };

export type Answer =
  | { readonly id: number; readonly value: ModelFacts | Record<string, TensorData> | NodeTime[]; readonly explanation: Explanation }
  | { readonly id: number; readonly error: PlainError };

/** What a worker tells unasked. */
export type Notice =
  | { readonly notice: "pipelines"; readonly done: number; readonly total: number }
  | { readonly notice: "fallback"; readonly explanation: Explanation };

export interface PlainError {
  readonly name: string;
  readonly code?: ErrorCode;
  readonly message: string;
}

const classes: Readonly<Record<string, typeof SwivelError>> = { ShapeError, GraphError, ModelError, DataError, InputError, BackendError };

export function toPlain(error: unknown): PlainError {
  if (error instanceof SwivelError) return { name: error.name, code: error.code, message: error.message };
  return { name: "Error", message: String((error as Error | undefined)?.stack ?? error) };
}

/** An error of the class and code that were thrown on the other side. */
export function fromPlain({ name, code, message }: PlainError): Error {
  if (code === undefined) return new BackendError("E_BACKEND", `the session's worker failed: ${message}`);
  return new (classes[name] ?? SwivelError)(code, message.slice(code.length + 1));
}
