/** Numbers on their way to the device and back: float32, or halves where that is how they are stored. */
import type { DType, TensorData } from "../../graph/graph.ts";
import { fromHalf, toHalf } from "../../model/half.ts";

export type Precision = "f32" | "f16";

/** Bytes to write; a multiple of 4, as copies must be. */
export function encode(data: TensorData, dtype: DType, precision: Precision): ArrayBufferView<ArrayBuffer> {
  if (dtype === "i32") return Int32Array.from(data);
  if (precision === "f32")
    return data instanceof Float32Array && data.buffer instanceof ArrayBuffer
      ? (data as Float32Array<ArrayBuffer>)
      : Float32Array.from(data);
  const halves = new Uint16Array(data.length + (data.length % 2));
  for (let i = 0; i < data.length; i++) halves[i] = toHalf(data[i] as number);
  return halves;
}

/** A copy that belongs to the caller. */
export function decode(bytes: ArrayBuffer, dtype: DType, precision: Precision): TensorData {
  if (dtype === "i32") return new Int32Array(bytes);
  return precision === "f32" ? new Float32Array(bytes) : Float32Array.from(new Uint16Array(bytes), fromHalf);
}
