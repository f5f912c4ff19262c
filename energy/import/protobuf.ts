/** As much of protobuf's wire format as reading a trace takes: fields by number, in the order of the bytes, nothing copied. */
import { EnergyError } from "../../src/errors.ts";

/** A field: varints and fixed numbers are numbers, everything with a length is bytes. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** Of the file, in errors. */
const TOO_SHORT = "the trace ends in the middle of a field; it is damaged, or recording was cut off";

/** Throws EnergyError E_TRUNCATED and E_FORMAT. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field, void, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  /** Exact up to 2^53, which energies since the start and nanoseconds of a hundred days stay below; more are rounded. */
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) throw new EnergyError("E_TRUNCATED", TOO_SHORT);
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new EnergyError("E_FORMAT", `the trace has a number of more than ten bytes at ${at}; it is no Perfetto trace`);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const kind = tag % 8;
    if (number === 0) throw new EnergyError("E_FORMAT", `the trace has a field of number 0 at byte ${at}; it is no Perfetto trace`);
    if (kind === 0) yield { number, value: varint() };
    else if (kind === 1 || kind === 5) {
      const size = kind === 1 ? 8 : 4;
      if (at + size > bytes.length) throw new EnergyError("E_TRUNCATED", TOO_SHORT);
      const value = kind === 1 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
      at += size;
      yield { number, value };
    } else if (kind === 2) {
      const length = varint();
      if (length > bytes.length - at) throw new EnergyError("E_TRUNCATED", TOO_SHORT);
      yield { number, value: bytes.subarray(at, at + length) };
      at += length;
    } else throw new EnergyError("E_FORMAT", `the trace has a field of kind ${kind} at byte ${at}; it is no Perfetto trace`);
  }
}

export const numberOf = (value: Field["value"]): number => (typeof value === "number" ? value : Number.NaN);
export const bytesOf = (value: Field["value"]): Uint8Array => (typeof value === "number" ? new Uint8Array(0) : value);
export const textOf = (value: Field["value"]): string => new TextDecoder().decode(bytesOf(value));
