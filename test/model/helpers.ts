import { type ErrorCode, SwivelError } from "../../src/errors.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";

/** The code of the SwivelError that `action` throws; anything else fails the test. */
export function codeOf(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof SwivelError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** A safetensors file with this header, JSON or text, however wrong. */
export function rawFile(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** The model's description: what `__metadata__.swivel` holds. */
export interface Description {
  version: unknown;
  graph: Graph;
  [key: string]: unknown;
}

/** The same file with another description. */
export function redescribe(file: Uint8Array, change: (description: Description) => unknown): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readSafetensors(file);
  const description = JSON.parse(metadata.swivel ?? "null") as Description;
  const changed = change(description) ?? description;
  return writeSafetensors(tensors, { ...metadata, swivel: typeof changed === "string" ? changed : JSON.stringify(changed) });
}
