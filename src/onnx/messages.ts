/** ONNX's messages as onnx.proto numbers their fields; only those fields that an exported network has. */
import type { Shape } from "../graph/graph.ts";
import { Message } from "./protobuf.ts";

/**
 * Version of the file format, counted apart from the operators. 7 is that of the release which brought opset 13 (ONNX 1.8); nothing written here
 * needs a later one, and runtimes refuse those that are later than themselves.
 */
const IR_VERSION = 7;
const PRODUCER = "swivel";

/** TensorProto.DataType */
const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
/** TypeProto's numbers of our types. */
const TYPES = { f32: FLOAT, i32: INT32 } as const;
/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;

/** An integer, a list of integers, or a float. */
export type OnnxAttr = number | readonly number[] | { readonly float: number };
export type OnnxData = Float32Array | Int32Array | BigInt64Array;

export interface OnnxNode {
  readonly type: string;
  readonly name: string;
  /** Names of values; "" where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attrs: Readonly<Record<string, OnnxAttr>>;
}

/** TensorProto. Numbers lie in the file as they lie in memory: little-endian, as on every processor that runs JavaScript today. */
export function tensorMessage(name: string, dims: readonly number[], data: OnnxData): Message {
  const message = new Message();
  for (const dim of dims) message.int(1, dim);
  message.int(2, data instanceof Float32Array ? FLOAT : data instanceof Int32Array ? INT32 : INT64);
  return message.text(8, name).bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** NodeProto */
export function nodeMessage({ type, name, inputs, output, attrs }: OnnxNode): Message {
  const message = new Message();
  let count = inputs.length;
  while (inputs[count - 1] === "") count--;
  for (const input of inputs.slice(0, count)) message.text(1, input);
  message.text(2, output).text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attrs)) message.message(5, attributeMessage(key, value));
  return message;
}

/** AttributeProto */
function attributeMessage(name: string, value: OnnxAttr): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, ATTRIBUTE.int);
  if ("float" in value) return message.float(2, value.float).int(20, ATTRIBUTE.float);
  for (const item of value) message.int(8, item);
  return message.int(20, ATTRIBUTE.ints);
}

/** ValueInfoProto: name, type and shape of a value, the batch as a symbol. */
export function valueMessage(name: string, dtype: keyof typeof TYPES, shape: Shape): Message {
  const dims = new Message();
  for (const dim of shape) dims.message(1, dim === "N" ? new Message().text(2, dim) : new Message().int(1, dim));
  const tensor = new Message().int(1, TYPES[dtype]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

export interface GraphMessages {
  readonly nodes: readonly Message[];
  readonly initializers: readonly Message[];
  readonly inputs: readonly Message[];
  readonly outputs: readonly Message[];
  /** Values between nodes. */
  readonly between: readonly Message[];
}

/** ModelProto with its GraphProto. */
export function modelMessage(graph: GraphMessages, opset: number, metadata: Readonly<Record<string, string>>): Message {
  const body = new Message();
  for (const node of graph.nodes) body.message(1, node);
  body.text(2, PRODUCER);
  for (const tensor of graph.initializers) body.message(5, tensor);
  for (const value of graph.inputs) body.message(11, value);
  for (const value of graph.outputs) body.message(12, value);
  for (const value of graph.between) body.message(13, value);
  const model = new Message().int(1, IR_VERSION).text(2, PRODUCER).message(7, body);
  // the empty domain is ONNX's own
  model.message(8, new Message().text(1, "").int(2, opset));
  for (const [key, value] of Object.entries(metadata)) model.message(14, new Message().text(1, key).text(2, value));
  return model;
}
