/** Shaders without what their constants switch off: the same decisions as WGSL makes, and nothing else left out. */
import { describe, expect, it } from "vitest";
import { evaluate, liveCode } from "../../src/backends/webgpu/live_code.ts";

const known = new Map<string, number | boolean>([
  ["TILE", 4],
  ["has_bias", false],
  ["WHOLE", true],
]);

describe("conditions", () => {
  it.each([
    ["3u<TILE", true],
    ["4u<TILE", false],
    ["3u+1u==TILE", true],
    ["2u * (3u - 1u) >= TILE", true],
    ["7u < TILE && row < p.oh", false],
    ["3u < TILE && row < p.oh", undefined],
    ["row < p.oh && 7u < TILE", false],
    ["WHOLE || column + 2u < p.ow", true],
    ["5u<TILE||(4u==TILE&&tile.full)", undefined],
    ["5u<TILE||(5u==TILE&&tile.full)", false],
    ["!has_bias", true],
    ["has_bias && e.adds", false],
    ["is_rest(workgroup.y)", undefined],
    ["rows[2u] < TILE", undefined],
    ["f(a, (b))[1] == 2u && has_bias", false],
    // what would wrap around, and what rounds, is left to the compiler
    ["0u - 1u < TILE", undefined],
    ["7u / 2u < TILE", undefined],
    ["(5u & 4u) < TILE", undefined],
    ["a < b < c ? 1 : 2", undefined],
    ["", undefined],
  ])("%s", (text, value) => expect(evaluate(text, known)).toBe(value));
});

describe("blocks", () => {
  const overrides = "override TILE: u32 = 8; override TWICE: u32 = TILE + TILE; override has_bias: bool = false;";
  const cut = (body: string, constants = {}) => liveCode(`${overrides}${body}`, constants).slice(overrides.length);

  it("goes by given constants, defaults, and what is made from them", () => {
    const body = "if(5u<TILE){a();}if(12u<TWICE){b();}if(has_bias){c();}d();";
    expect(cut(body)).toBe("if(5u<TILE){a();}if(12u<TWICE){b();}d();");
    expect(cut(body, { TILE: 4 })).toBe("d();");
    expect(cut(body, { TILE: 6, has_bias: 1 })).toBe("if(5u<TILE){a();}if(has_bias){c();}d();");
  });

  it("takes blocks within a block that goes, and looks into one that stays", () => {
    expect(cut("{if(9u<TILE){if(x){a();}else{b();}}}c();")).toBe("{}c();");
    expect(cut("if(x){if(9u<TILE){a();}b();}")).toBe("if(x){b();}");
  });

  it("keeps what has an else, and every other statement", () => {
    const body = "if(9u<TILE){a();}else{b();}for(var i=0u;i<TILE;i++){if (p.n > i) { x[i]=select(1,2,i<TILE); }}";
    expect(cut(body)).toBe(body);
  });
});
