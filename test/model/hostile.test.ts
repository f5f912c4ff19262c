import { describe, expect, it } from "vitest";
import { SwivelError } from "../../src/errors.ts";
import { readModel, writeModel } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { goldenModel, numbers } from "../../tools/make-golden.ts";
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

/** Flips, overwrites, removes, doubles or swaps some bytes; half of the changes hit the header, where they hurt. */
function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  const int = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const place = () => (next() < 0 ? int(bytes.length) : int(8 + headerLength));
  const digits = new TextEncoder().encode('0123456789-+eE.[]{}":,Nntf');
  let out = bytes.slice();
  for (let changes = 1 + int(4); changes > 0; changes--) {
    const at = place() % out.length;
    const kind = int(6);
    if (kind === 0) out[at] = (out[at] ?? 0) ^ (1 << int(8));
    else if (kind === 1) out[at] = int(256);
    else if (kind === 2) out[at] = digits[int(digits.length)] ?? 0;
    else if (kind === 3) out.copyWithin(at, place() % out.length, (place() % out.length) + int(64));
    else if (kind === 4) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + int(8))]);
    else out = Uint8Array.from([...out.subarray(0, at + int(40)), ...out.subarray(at)]);
    // the length keeps its sense more often than not, so that the mutations behind it are reached
    if (next() < 0.8)
      new DataView(out.buffer).setBigUint64(0, BigInt(Math.max(0, headerLength + (next() < 0 ? out.length - bytes.length : 0))), true);
  }
  return out;
}

describe("the golden file with random damage", () => {
  it("loads or throws a SwivelError, never anything else, and soon", () => {
    const next = numbers(7);
    const seen = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      const damaged = mutate(file, next);
      let outcome = "loads";
      try {
        readModel(damaged);
      } catch (error) {
        if (!(error instanceof SwivelError)) throw new Error(`mutation ${i} threw ${String(error)}`, { cause: error });
        outcome = error.code;
      }
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    // the damage reaches all layers of checks
    for (const code of ["E_FORMAT", "E_TRUNCATED"]) expect(seen.get(code)).toBeGreaterThan(20);
    expect(seen.size).toBeGreaterThan(6);
  });
});

describe("the golden file's description with random damage", () => {
  it("loads or throws a SwivelError", async () => {
    const { redescribe } = await import("./helpers.ts");
    const next = numbers(11);
    const int = (n: number) => Math.floor(((next() + 1) / 2) * n);
    const replacements: unknown[] = [
      0,
      -1,
      1.5,
      2 ** 31,
      1e300,
      "",
      "N",
      "toString",
      "image",
      "logits",
      null,
      true,
      [],
      [1, 2],
      {},
      { a: 1 },
      [["N"]],
    ];
    for (let i = 0; i < 4000; i++) {
      const damaged = redescribe(file, (description) => {
        // walk to a random place, then replace, remove, double or rename what stands there
        let parent: Record<string, unknown> = description;
        let key = "graph";
        for (;;) {
          const child = parent[key];
          if (typeof child !== "object" || child === null || Object.keys(child).length === 0 || next() > 0.7) break;
          parent = child as Record<string, unknown>;
          key = Object.keys(parent)[int(Object.keys(parent).length)] as string;
        }
        const kind = int(4);
        if (kind === 0) parent[key] = replacements[int(replacements.length)];
        else if (kind === 1) delete parent[key];
        else if (kind === 2) parent[Object.keys(parent)[int(Object.keys(parent).length)] as string] = parent[key];
        else if (typeof parent[key] === "number") parent[key] = (parent[key] as number) * 2 ** int(40);
        else parent[`${key}1`] = parent[key];
      });
      try {
        readModel(damaged);
      } catch (error) {
        if (!(error instanceof SwivelError)) throw new Error(`mutation ${i} threw ${String(error)}`, { cause: error });
      }
    }
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
