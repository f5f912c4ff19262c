/** Writing Protocol Buffers: the few kinds of field that ONNX has. */
import { ModelError } from "../errors.ts";

const VARINT = 0;
const DELIMITED = 2;
const FIXED32 = 5;

/** What a reader of Protocol Buffers takes at most, in bytes. */
const MAX_BYTES = 2 ** 31 - 1;

/** A message being written. Bytes given to it are kept, not copied, until `finish`. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** `value`: an integer of 0 to 2^53 − 1. */
  int(field: number, value: number): this {
    return this.#append(varints(tag(field, VARINT), value));
  }

  /** Rounded to float32. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#append(varints(tag(field, FIXED32))).#append(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#append(varints(tag(field, DELIMITED), value.length)).#append(value);
  }

  /** A message within this one, as it is now. */
  message(field: number, value: Message): this {
    this.#append(varints(tag(field, DELIMITED), value.#length));
    for (const part of value.#parts) this.#append(part);
    return this;
  }

  /** The bytes of the whole. Throws ModelError E_TOO_LARGE beyond 2 GiB. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length > MAX_BYTES) {
      throw new ModelError(
        "E_TOO_LARGE",
        `the ONNX file would have ${this.#length} bytes, its format ends at ${MAX_BYTES}; export a smaller network`,
      );
    }
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #append(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

const tag = (field: number, kind: number): number => field * 8 + kind;

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function varints(...values: number[]): Uint8Array {
  const bytes: number[] = [];
  for (let value of values) {
    for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
    bytes.push(value);
  }
  return Uint8Array.from(bytes);
}
