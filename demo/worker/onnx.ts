/**
 * An ONNX file that this page has written, read back. Beside what other runtimes need, such a file carries the network's graph under `info.swivel_graph`;
 * its weights are the file's initializers, which keep their names. Files of other makers have no such note, and are refused in words.
 */
import { type Model, ModelError, readModel, writeModel } from "swivel-nn";

export const GRAPH_INFO = "swivel_graph";

const [VARINT, FIXED64, DELIMITED, FIXED32] = [0, 1, 2, 5] as const;
/** Fields of ModelProto, GraphProto, TensorProto and StringStringEntryProto. */
const [GRAPH, METADATA, INITIALIZER] = [7, 14, 5] as const;
const [DATA_TYPE, NAME, RAW] = [2, 8, 9] as const;
const [KEY, VALUE] = [1, 2] as const;
const FLOAT = 1;

interface Field {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Throws ModelError for anything that is not such a file; what is in it is checked as a model file is. */
export function readOnnx(file: Uint8Array): Model {
  let graph: Uint8Array | undefined;
  const notes = new Map<string, string>();
  for (const { field, bytes } of fields(file)) {
    if (field === GRAPH) graph = bytes;
    if (field !== METADATA) continue;
    const entry = new Map([...fields(bytes)].map((part) => [part.field, text(part.bytes)]));
    notes.set(entry.get(KEY) ?? "", entry.get(VALUE) ?? "");
  }
  const document = notes.get(`info.${GRAPH_INFO}`);
  if (!graph || document === undefined)
    throw new ModelError("E_FORMAT", "this ONNX file was not made by Swivel; drop one that this page has written, or a .safetensors file");
  const tensors: Record<string, Float32Array> = {};
  for (const { field, bytes } of fields(graph)) {
    if (field !== INITIALIZER) continue;
    const parts = new Map([...fields(bytes)].map((part) => [part.field, part]));
    const raw = parts.get(RAW)?.bytes;
    if (parts.get(DATA_TYPE)?.number !== FLOAT || !raw || raw.length % 4 !== 0) continue;
    tensors[text(parts.get(NAME)?.bytes ?? new Uint8Array())] = new Float32Array(raw.slice().buffer);
  }
  const rest = parse(document) as Pick<Model, "graph" | "preprocess" | "classNames">;
  // written and read again: whatever does not hold together is found there, by name
  return readModel(writeModel({ ...rest, tensors }));
}

function parse(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch (cause) {
    throw new ModelError("E_FORMAT", "the ONNX file's note of its graph is damaged; download it again", { cause });
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The fields of a Protocol Buffers message. */
function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const broken = (): ModelError => new ModelError("E_TRUNCATED", "the ONNX file ends in the middle of a field; download it again");
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw broken();
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag % 8;
    const number = kind === VARINT ? varint() : 0;
    const length = kind === DELIMITED ? varint() : kind === FIXED32 ? 4 : kind === FIXED64 ? 8 : 0;
    if (at + length > message.length || ![VARINT, FIXED64, DELIMITED, FIXED32].includes(kind as 0)) throw broken();
    yield { field: Math.floor(tag / 8), number, bytes: message.subarray(at, at + length) };
    at += length;
  }
}
