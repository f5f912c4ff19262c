/**
 * The safetensors container: a 64-bit header length, a JSON header (name → dtype, shape, data_offsets; `__metadata__`: strings), then the data of
 * all tensors without gaps. Nothing in a file is believed: every claim is checked against its bytes before anything is allocated.
 */
import { ModelError } from "../errors.ts";
import type { DType, TensorData } from "../graph/graph.ts";
import { fromHalf, toHalf } from "./half.ts";
import { parseJson, quote } from "./json.ts";

/** A tensor as it was read: 16-bit floats have become 32-bit ones. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** The content of a safetensors file (https://huggingface.co/docs/safetensors). */
export interface Safetensors {
  /** By name. Data may lie in the file's own memory: copy it before writing to either. */
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How strict reading and writing are. */
export interface SafetensorsOptions {
  /** Lets NaN and infinity pass. */
  readonly allowNonFinite?: boolean;
}

const MAX_HEADER = 100_000_000; // the format's own limit
const MAX_RANK = 8;
/** Every other JavaScript object inherits these; `__metadata__` is the format's. */
const isReserved = (name: string): boolean => name in {} || name === "__metadata__";

interface Entry {
  readonly name: string;
  readonly stored: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Bytes per element of the types that can be read, and how they are. 64-bit integers must fit into 32 bits. */
const readers: Readonly<Record<string, { size: number; dtype: DType; read(bytes: Uint8Array, name: string): TensorData }>> = {
  F32: { size: 4, dtype: "f32", read: (bytes) => new Float32Array(...words(bytes)) },
  I32: { size: 4, dtype: "i32", read: (bytes) => new Int32Array(...words(bytes)) },
  F16: { size: 2, dtype: "f32", read: (bytes) => Float32Array.from(new Uint16Array(bytes.slice().buffer), fromHalf) },
  BF16: {
    size: 2,
    dtype: "f32",
    read: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes.slice().buffer), (bits) => bits << 16).buffer),
  },
  I64: { size: 8, dtype: "i32", read: readLongs },
};

/** Four-byte elements where they lie, copied only if that is no multiple of four. */
function words(bytes: Uint8Array): [ArrayBufferLike, number, number] {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return [buffer, byteOffset, bytes.length / 4];
}

function readLongs(bytes: Uint8Array, name: string): Int32Array {
  const words = new Int32Array(bytes.slice().buffer);
  return Int32Array.from({ length: words.length / 2 }, (_, i) => {
    const low = words[2 * i] as number;
    if (words[2 * i + 1] !== low >> 31)
      throw new ModelError("E_UNSUPPORTED", `tensor ${quote(name)}: element ${i} does not fit into 32 bits; store it as I32 or F32`);
    return low;
  });
}

/** Throws ModelError: E_TRUNCATED, E_TOO_LARGE, E_FORMAT, E_UNSUPPORTED (a dtype), E_NOT_FINITE, each naming the tensor. */
export function readSafetensors(file: Uint8Array | ArrayBuffer, options: SafetensorsOptions = {}): Safetensors {
  const bytes = ArrayBuffer.isView(file) ? new Uint8Array(file.buffer, file.byteOffset, file.byteLength) : new Uint8Array(file);
  const { header, data } = splitHeader(bytes);
  const { __metadata__: metadata = {}, ...rest } = header;
  const entries = Object.entries(rest).map(([name, entry]) => readEntry(name, entry, data.length));
  checkLayout(entries, data.length);
  const tensors: Record<string, StoredTensor> = {};
  for (const { name, stored, shape, begin, end } of entries) {
    const { dtype, read } = readers[stored] as (typeof readers)[string];
    const tensor = { dtype, shape, data: read(data.subarray(begin, end), name) };
    if (!options.allowNonFinite) checkFinite(name, tensor.data);
    tensors[name] = tensor;
  }
  return { tensors, metadata: readMetadata(metadata) };
}

function splitHeader(bytes: Uint8Array): { header: Readonly<Record<string, unknown>>; data: Uint8Array } {
  if (bytes.length < 8)
    throw new ModelError("E_TRUNCATED", `the file has ${bytes.length} bytes; a safetensors file has 8 and a header at least`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
  if (length > MAX_HEADER) {
    const start = String.fromCharCode(...bytes.subarray(0, 8)).replace(/[^ -~]/g, ".");
    throw new ModelError(
      "E_TOO_LARGE",
      `this is no safetensors file: it begins with "${start}", which would be a header of ${length} bytes; check the path or address (a web page or an archive?)`,
    );
  }
  if (length > bytes.length - 8)
    throw new ModelError(
      "E_TRUNCATED",
      `the header claims ${length} bytes, the file has ${bytes.length - 8} after its length; get the file again`,
    );
  let text: string;
  try {
    // slice: the decoder takes no shared memory
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw new ModelError("E_FORMAT", "the header is no valid UTF-8", { cause: error });
  }
  if (!text.startsWith("{")) throw new ModelError("E_FORMAT", 'the header does not begin with "{"; this is no safetensors file');
  return { header: parseJson(text, "the header", 4) as Record<string, unknown>, data: bytes.subarray(8 + length) };
}

function readEntry(name: string, entry: unknown, available: number): Entry {
  const fail = (what: string, code: "E_FORMAT" | "E_TRUNCATED" | "E_TOO_LARGE" = "E_FORMAT") =>
    new ModelError(code, `tensor ${quote(name)}: ${what}`);
  if (!isRecord(entry) || Object.keys(entry).sort().join() !== "data_offsets,dtype,shape")
    throw fail("expected dtype, shape and data_offsets, nothing else");
  const { dtype: stored, shape, data_offsets: offsets } = entry;
  if (typeof stored !== "string" || !Object.hasOwn(readers, stored)) {
    throw new ModelError(
      "E_UNSUPPORTED",
      `tensor ${quote(name)} is ${quote(String(stored))}; this reader knows ${Object.keys(readers).join(", ")}: convert it`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail("its shape is no list of sizes of 0 or more");
  if (shape.length > MAX_RANK) throw fail(`it has ${shape.length} dimensions, at most ${MAX_RANK} are read`, "E_TOO_LARGE");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) throw fail("its data_offsets are no pair of sizes");
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail(`its data would begin at ${begin} and end at ${end}`);
  if (end > available) throw fail(`its data would end at byte ${end}, the file holds ${available}; get the file again`, "E_TRUNCATED");
  const { size } = readers[stored] as { size: number };
  const needed = shape.reduce((product: number, dim: number) => product * dim, size);
  if (needed !== end - begin) throw fail(`${stored} [${shape.join(", ")}] takes ${needed} bytes, its data_offsets span ${end - begin}`);
  return { name, stored, shape, begin, end };
}

/** In the order of their offsets the tensors fill the data exactly: no hole, no overlap, nothing after the last. */
function checkLayout(entries: readonly Entry[], available: number): void {
  let at = 0;
  let last = "the header";
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw new ModelError(
        "E_FORMAT",
        `tensor ${quote(name)} begins at byte ${begin}, ${last} ends at ${at}: ${begin < at ? "they overlap" : "there is a hole"}`,
      );
    at = end;
    last = `tensor ${quote(name)}`;
  }
  if (at !== available) throw new ModelError("E_FORMAT", `${available - at} bytes follow after ${last}, and belong to none`);
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata)) throw new ModelError("E_FORMAT", "__metadata__ is no object");
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw new ModelError("E_FORMAT", `__metadata__ ${quote(key)} is no string`);
  }
  return metadata as Record<string, string>;
}

/** A tensor to write; its array's type is that of the file, unless `floats` asks for half precision. */
export interface TensorToStore {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface WriteOptions extends SafetensorsOptions {
  /** Element type of the float tensors; `F16` halves the file and rounds to 11 significant bits. Default `F32`. */
  readonly floats?: "F32" | "F16";
}

/**
 * A safetensors file. The same tensors and metadata give the same bytes, in whatever order they come: the header is sorted, data begin at a multiple
 * of 8 bytes. Throws ModelError E_FORMAT (a reserved name, a shape that is not the data's), E_NOT_FINITE (also where F16 overflows).
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToStore>>,
  metadata: Readonly<Record<string, string>> = {},
  options: WriteOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (isReserved(name)) throw new ModelError("E_FORMAT", `tensor ${quote(name)}: the name is reserved; choose another`);
    const count = shape.reduce((product, dim) => product * dim, 1);
    if (!shape.every(isSize) || count !== data.length)
      throw new ModelError("E_FORMAT", `tensor ${quote(name)} has ${data.length} elements, its shape [${shape.join(", ")}] takes ${count}`);
    if (!options.allowNonFinite) checkFinite(name, data);
    const half = data instanceof Float32Array && options.floats === "F16";
    const stored = data instanceof Int32Array ? "I32" : half ? "F16" : "F32";
    return { name, stored, shape, data: half ? toHalves(name, data, options) : data };
  });
  // two-byte elements last, so that all others stay aligned
  parts.sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || order(a.name, b.name));
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => order(a, b)));
  let end = 0;
  for (const { name, stored, shape, data } of parts) {
    header[name] = { dtype: stored, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 * Math.ceil((8 + json.length) / 8);
  const bytes = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(bytes.buffer).setUint32(0, start - 8, true);
  bytes.set(json, 8);
  let at = start;
  for (const { data } of parts) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function toHalves(name: string, data: Float32Array, options: SafetensorsOptions): Uint16Array {
  const halves = Uint16Array.from(data, toHalf);
  const i = options.allowNonFinite ? -1 : halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (i >= 0) throw new ModelError("E_NOT_FINITE", `tensor ${quote(name)}: element ${i} is ${data[i]}, too large for F16; write F32`);
  return halves;
}

function checkFinite(name: string, data: TensorData): void {
  if (data instanceof Int32Array) return;
  // searched by the engine: a loop of ours would take longer than all the rest of loading, before it is compiled
  const found = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].find((value) => data.includes(value));
  if (found === undefined) return;
  const i = data.findIndex((value) => !Number.isFinite(value));
  throw new ModelError("E_NOT_FINITE", `tensor ${quote(name)}: element ${i} is ${data[i]}; the file is damaged, or its training diverged`);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
