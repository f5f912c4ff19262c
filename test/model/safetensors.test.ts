import { describe, expect, it } from "vitest";
import { ModelError } from "../../src/errors.ts";
import { fromHalf, toHalf } from "../../src/model/half.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { codeOf, rawFile } from "./helpers.ts";

const tensors = {
  "fc.weight": { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) },
  steps: { shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) },
  scalar: { shape: [], data: Float32Array.of(0.1) },
  empty: { shape: [0, 4], data: new Float32Array(0) },
};

describe("safetensors", () => {
  it("gives back what was written, bit by bit", () => {
    const { tensors: back, metadata } = readSafetensors(writeSafetensors(tensors, { a: "1", b: 'quote " and ☆' }));
    expect(metadata).toEqual({ a: "1", b: 'quote " and ☆' });
    expect(Object.keys(back).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      expect(back[name]?.shape).toEqual(shape);
      expect(back[name]?.dtype).toBe(data instanceof Int32Array ? "i32" : "f32");
      expect(Object.is(back[name]?.data[0], data[0])).toBe(true);
      expect([...(back[name]?.data ?? [])]).toEqual([...data]);
    }
  });

  it("writes the same bytes in whatever order tensors and metadata come", () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(writeSafetensors(reversed, { b: "2", a: "1" })).toEqual(writeSafetensors(tensors, { a: "1", b: "2" }));
  });

  it("lays data at a multiple of 8 bytes behind a header that any JSON reader takes", () => {
    const bytes = writeSafetensors(tensors, { x: "y" });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header.__metadata__).toEqual({ x: "y" });
    expect(header["fc.weight"]).toMatchObject({ dtype: "F32", shape: [2, 3] });
    expect(header.steps).toMatchObject({ dtype: "I32", shape: [2] });
  });

  it("reads from any offset in memory, Node buffers, array buffers and shared memory", () => {
    const bytes = writeSafetensors(tensors);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    for (const file of [shifted.subarray(3), Buffer.from(bytes), bytes.buffer, shared]) {
      expect([...(readSafetensors(file).tensors["fc.weight"]?.data ?? [])]).toEqual([...tensors["fc.weight"].data]);
    }
  });

  it("reads halves, bfloats and long integers", () => {
    const header = {
      half: { dtype: "F16", shape: [4], data_offsets: [0, 8] },
      brain: { dtype: "BF16", shape: [2], data_offsets: [8, 12] },
      long: { dtype: "I64", shape: [2], data_offsets: [12, 28] },
    };
    const data = new Uint8Array(28);
    data.set(new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff).buffer));
    data.set(new Uint8Array(Uint16Array.of(0x3f80, 0xc049).buffer), 8);
    data.set(new Uint8Array(BigInt64Array.of(-5n, 2_147_483_647n).buffer), 12);
    const { tensors: read } = readSafetensors(rawFile(header, data));
    expect([...(read.half?.data ?? [])]).toEqual([1, -2, 2 ** -24, 65504]);
    expect([...(read.brain?.data ?? [])]).toEqual([1, -3.140625]);
    expect(read.long).toEqual({ dtype: "i32", shape: [2], data: Int32Array.of(-5, 2_147_483_647) });
  });

  it.each([2n ** 31n, -(2n ** 31n) - 1n, 2n ** 40n])("refuses the long integer %s", (long) => {
    const header = { long: { dtype: "I64", shape: [1], data_offsets: [0, 8] } };
    expect(codeOf(() => readSafetensors(rawFile(header, new Uint8Array(BigInt64Array.of(long).buffer))))).toBe("E_UNSUPPORTED");
  });

  it("writes halves where asked, rounded to nearest", () => {
    const bytes = writeSafetensors(tensors, {}, { floats: "F16" });
    const { tensors: back } = readSafetensors(bytes);
    expect([...(back["fc.weight"]?.data ?? [])]).toEqual([1, -2, 3.5, 0, -0, 0]);
    expect(back.scalar?.data[0]).toBe(0.0999755859375);
    expect([...(back.steps?.data ?? [])]).toEqual([...tensors.steps.data]);
    expect(codeOf(() => writeSafetensors({ big: { shape: [1], data: Float32Array.of(65520) } }, {}, { floats: "F16" }))).toBe(
      "E_NOT_FINITE",
    );
  });

  it("converts every half to itself, and rounds ties to even", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const x = fromHalf(bits);
      if (!Number.isNaN(x)) expect(toHalf(x)).toBe(bits);
    }
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 2 ** -25 * 1.5, 65519, 65520].map(toHalf)).toEqual([
      0x3c00, 0x3c02, 0, 1, 0x7bff, 0x7c00,
    ]);
    expect(toHalf(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %s unless told otherwise, and names tensor and element",
    (value) => {
      const bad = { "layer1.weight": { shape: [3], data: Float32Array.of(0, 0, value) } };
      const bytes = writeSafetensors(bad, {}, { allowNonFinite: true });
      expect(codeOf(() => writeSafetensors(bad))).toBe("E_NOT_FINITE");
      expect(() => readSafetensors(bytes)).toThrow(/"layer1.weight": element 2/);
      expect(codeOf(() => readSafetensors(bytes))).toBe("E_NOT_FINITE");
      expect(readSafetensors(bytes, { allowNonFinite: true }).tensors["layer1.weight"]?.data[2]).toEqual(value);
    },
  );

  it.each(["__metadata__", "__proto__", "constructor", "toString"])("does not write a tensor named %s", (name) => {
    const named = Object.fromEntries([[name, { shape: [1], data: new Float32Array(1) }]]);
    expect(() => writeSafetensors(named)).toThrow(ModelError);
  });

  it("does not write a shape that is not the data's", () => {
    for (const shape of [[2], [], [1.5, 2], [-1, -3]]) {
      expect(codeOf(() => writeSafetensors({ x: { shape, data: new Float32Array(3) } }))).toBe("E_FORMAT");
    }
  });
});
