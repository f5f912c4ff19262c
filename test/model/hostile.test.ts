import { describe, expect, it } from "vitest";
import { SwivelError } from "../../src/errors.ts";
import { readModel, writeModel } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { goldenModel, numbers } from "../../tools/make-golden.ts";
import { damageBytes, damageGraph } from "./damage.ts";
import { codeOf, rawFile } from "./helpers.ts";

const file = writeModel(goldenModel());
const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));

describe("a file cut short", () => {
  it("is refused at every byte of the header, and at many of the data", () => {
    for (let length = 0; length < 8 + headerLength; length++) expect(codeOf(() => readModel(file.subarray(0, length)))).toBe("E_TRUNCATED");
    for (let length = 8 + headerLength; length < file.length; length += 7)
      expect(codeOf(() => readModel(file.subarray(0, length)))).toBe("E_TRUNCATED");
  });

  it("is refused where something is added, too", () => {
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(() => readModel(longer)).toThrow(/E_FORMAT 1 bytes follow/);
  });
});

describe("a header that claims what is not there", () => {
  const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: "F32", shape, data_offsets });
  const eight = new Uint8Array(8);
  const cases: [string, Uint8Array, string, RegExp][] = [
    ["a header of 2^60 bytes", withLength(2n ** 60n), "E_TOO_LARGE", /header of 1\d{18} bytes/],
    ["a header of 2^64 − 1 bytes", withLength(2n ** 64n - 1n), "E_TOO_LARGE", /no safetensors file/],
    ["a header of 90 MB", withLength(90_000_000n), "E_TRUNCATED", /claims 90000000 bytes/],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><html>"), "E_TOO_LARGE", /"<!DOCTYP".*web page/],
    ["nothing", new Uint8Array(0), "E_TRUNCATED", /0 bytes/],
    ["an empty header", rawFile(""), "E_FORMAT", /"\{"/],
    ["a list", rawFile("[]"), "E_FORMAT", /"\{"/],
    ["invalid UTF-8", invalidText(), "E_FORMAT", /UTF-8/],
    ["JSON with a tail", rawFile('{}{"a":1}'), "E_FORMAT", /valid JSON/],
    ["a tensor that is null", rawFile({ a: null }), "E_FORMAT", /"a"/],
    ["a tensor with an unknown field", rawFile({ a: { ...f32([], [0, 4]), device: 0 } }, eight), "E_FORMAT", /"a"/],
    ["a tensor without a shape", rawFile({ a: { dtype: "F32", data_offsets: [0, 4] } }, eight), "E_FORMAT", /"a"/],
    [
      "an unknown dtype",
      rawFile({ a: { dtype: "F8_E5M2", shape: [8], data_offsets: [0, 8] } }, eight),
      "E_UNSUPPORTED",
      /"a" is "F8_E5M2"/,
    ],
    [
      "a dtype named like a method",
      rawFile({ a: { dtype: "toString", shape: [8], data_offsets: [0, 8] } }, eight),
      "E_UNSUPPORTED",
      /toString/,
    ],
    ["a size of −1", rawFile({ a: f32([-1, -2], [0, 8]) }, eight), "E_FORMAT", /shape/],
    ["a size of 1.5", rawFile({ a: f32([1.5], [0, 6]) }, eight), "E_FORMAT", /shape/],
    ["a size of text", rawFile({ a: f32(["2"], [0, 8]) }, eight), "E_FORMAT", /shape/],
    ["a shape whose product overflows to 0 in 64 bits", rawFile({ a: f32([2 ** 32, 2 ** 32], [0, 0]) }), "E_FORMAT", /takes/],
    ["a shape of 2^53 times itself", rawFile({ a: f32([2 ** 52, 2 ** 52, 2 ** 52], [0, 8]) }, eight), "E_FORMAT", /takes/],
    ["nine dimensions", rawFile({ a: f32(new Array(9).fill(1), [0, 4]) }, eight), "E_TOO_LARGE", /9 dimensions/],
    ["offsets beyond the end", rawFile({ a: f32([1000], [0, 4000]) }, eight), "E_TRUNCATED", /byte 4000/],
    [
      "offsets beyond 2^53",
      rawFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740993,9007199254740997]}}', eight),
      "E_FORMAT",
      /offsets/,
    ],
    ["offsets the wrong way round", rawFile({ a: f32([2], [8, 0]) }, eight), "E_FORMAT", /begin at 8 and end at 0/],
    ["three offsets", rawFile({ a: f32([2], [0, 8, 8]) }, eight), "E_FORMAT", /offsets/],
    ["tensors that overlap", rawFile({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, eight), "E_FORMAT", /overlap/],
    ["two tensors of the same bytes", rawFile({ a: f32([2], [0, 8]), b: f32([2], [0, 8]) }, eight), "E_FORMAT", /overlap/],
    [
      "a hole between tensors",
      rawFile({ a: f32([], [0, 4]), b: f32([], [8, 12]) }, new Uint8Array(12)),
      "E_FORMAT",
      /"b" begins at byte 8.*hole/,
    ],
    ["a hole at the start", rawFile({ a: f32([], [4, 8]) }, eight), "E_FORMAT", /hole/],
    ["bytes after the last tensor", rawFile({ a: f32([], [0, 4]) }, eight), "E_FORMAT", /4 bytes follow/],
    [
      "a tensor twice",
      rawFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', eight),
      "E_FORMAT",
      /names "a" twice/,
    ],
    [
      "a tensor named __proto__",
      rawFile('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', eight),
      "E_FORMAT",
      /"__proto__".*reserved/,
    ],
    [
      "a tensor named \\u005f_proto__",
      rawFile('{"\\u005f_proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', eight),
      "E_FORMAT",
      /reserved/,
    ],
    ["metadata that are a list", rawFile({ __metadata__: [] }), "E_FORMAT", /__metadata__/],
    ["metadata that are numbers", rawFile({ __metadata__: { a: 1 } }), "E_FORMAT", /__metadata__ "a"/],
    ["deep nesting", rawFile(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`), "E_FORMAT", /nests deeper|valid JSON/],
  ];
  it.each(cases)("%s", (_, bytes, code, message) => {
    expect(codeOf(() => readSafetensors(bytes))).toBe(code);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("cuts names of any length to a bearable message", () => {
    const name = `${"x".repeat(1e6)}\u001b`;
    try {
      readSafetensors(rawFile({ [name]: null }));
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(300);
    }
  });
});

describe.each([
  ["bytes", damageBytes, ["E_FORMAT", "E_TRUNCATED", "E_NOT_FINITE"]],
  ["graph", damageGraph, ["E_FORMAT", "E_GRAPH", "E_ATTR", "E_SHAPE", "E_UNKNOWN_OP"]],
] as const)("the golden file with random damage to its %s", (_, damage, reached) => {
  it("loads or throws a SwivelError, 3,000 times", () => {
    const next = numbers(7);
    const seen = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const damaged = damage(file, next);
      let outcome = "loads";
      try {
        readModel(damaged);
      } catch (error) {
        if (!(error instanceof SwivelError)) throw new Error(`damage ${i} threw ${String(error)}`, { cause: error });
        outcome = error.code;
      }
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    // the damage reaches all layers of checks
    for (const code of ["loads", ...reached]) expect(seen.get(code), code).toBeGreaterThan(3);
  });
});

function withLength(length: bigint): Uint8Array {
  const bytes = new Uint8Array(100);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

function invalidText(): Uint8Array {
  const bytes = rawFile("{}xx");
  bytes.set([0xff, 0xfe], 10);
  return bytes;
}
