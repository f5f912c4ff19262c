/** The bytes of a model file, from wherever it lies. */

import { importNode, isNode } from "./backends/platform.ts";
import { AbortedError, InputError, ModelError } from "./errors.ts";

/** An address; in Node also a path; or the file's bytes. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/** How far loading has come. */
export interface Progress {
  /** `read`: the file is on its way. `compile`: it is here, and pipelines are made for the GPU; that phase comes only where WebGPU may run. */
  readonly phase: "read" | "compile";
  /** Bytes of the file so far. */
  readonly loaded: number;
  /** Bytes in all; undefined where the server does not say. */
  readonly total: number | undefined;
  /** In the phase `compile`. */
  readonly pipelines?: { readonly done: number; readonly total: number };
}

export interface SourceOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

const MAX_BYTES = 2 ** 31;

/** Throws ModelError E_NOT_FOUND, E_OFFLINE, E_IO or E_TOO_LARGE naming the address or path, and AbortedError. */
export async function readSource(source: ModelSource, options: SourceOptions): Promise<Uint8Array> {
  try {
    options.signal?.throwIfAborted();
    if (ArrayBuffer.isView(source)) return source;
    // by tag: buffers of other realms are welcome
    const tag = Object.prototype.toString.call(source).slice(8, -1);
    if (tag === "ArrayBuffer") return new Uint8Array(source as ArrayBuffer);
    if (tag !== "String" && tag !== "URL")
      throw new InputError("E_INPUT", `the model's source is ${tag}; expected its address, its path or its bytes`);
    const bytes =
      isNode() && !/^(https?|data|blob):/i.test(String(source))
        ? await readFile(source as string | URL, options)
        : await download(source as string | URL, options);
    options.signal?.throwIfAborted();
    return bytes;
  } catch (error) {
    if (options.signal?.aborted) throw new AbortedError("loading", { cause: options.signal.reason });
    throw error;
  }
}

async function readFile(source: string | URL, { onProgress, signal }: SourceOptions): Promise<Uint8Array> {
  const fs = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const path = /^file:/i.test(String(source)) ? new URL(source) : source;
  try {
    const bytes = await fs.readFile(path, { signal });
    onProgress?.({ phase: "read", loaded: bytes.length, total: bytes.length });
    return bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new ModelError("E_NOT_FOUND", `there is no file ${source}; check the path`, { cause: error });
    if (code === "EISDIR") throw new ModelError("E_NOT_FOUND", `${source} is a folder; name a .safetensors file`, { cause: error });
    throw new ModelError("E_IO", `${source} could not be read: ${message}`, { cause: error });
  }
}

async function download(source: string | URL, { onProgress, signal }: SourceOptions): Promise<Uint8Array> {
  const what = /^data:/i.test(String(source)) ? "the data: address" : String(source);
  let response: Response;
  try {
    response = await fetch(source, { signal });
  } catch (error) {
    throw new ModelError(
      "E_OFFLINE",
      `${what} could not be reached: ${reason(error)}; check the network, the address and its CORS headers`,
      { cause: error },
    );
  }
  if (!response.ok) {
    const code = response.status === 404 || response.status === 410 ? "E_NOT_FOUND" : "E_IO";
    throw new ModelError(code, `${what} answered ${response.status} ${response.statusText}; check the address`);
  }
  // with an encoding, Content-Length counts the encoded bytes, which nobody sees
  const length = response.headers.get("Content-Encoding") === null ? Number(response.headers.get("Content-Length")) : 0;
  const total = length > 0 ? length : undefined;
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  onProgress?.({ phase: "read", loaded, total });
  const reader = response.body?.getReader();
  const read = async () => {
    try {
      return await reader?.read();
    } catch (error) {
      throw new ModelError("E_IO", `${what} broke off after ${loaded} bytes: ${reason(error)}; load it again`, { cause: error });
    }
  };
  for (let next = await read(); next && !next.done; next = await read()) {
    chunks.push(next.value);
    loaded += next.value.length;
    if (loaded > MAX_BYTES) {
      await reader?.cancel();
      throw new ModelError("E_TOO_LARGE", `${what} sends more than ${MAX_BYTES} bytes; this cannot be a model for this runtime`);
    }
    onProgress?.({ phase: "read", loaded, total });
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Node hides the reason in the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
