/** Kernels owe their speed to independent multiply-adds; the build fails where the optimiser chains an accumulator's own. */
import { describe, expect, it } from "vitest";
import { chainedMadds, compileAssembly } from "../../tools/asc.ts";

const ENTRY = "assembly/accumulate.ts";

/** A loop that adds two products to an accumulator in each turn, as two statements with other work between them. */
const source = `
export function accumulate(at: usize, end: usize): f32 {
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  for (; at < end; at += 48) {
    let w = v128.load(at);
    const x = v128.load(at, 16);
    c0 = f32x4.relaxed_madd(w, x, c0);
    c1 = f32x4.relaxed_madd(w, w, c1);
    w = v128.load(at, 32);
    c0 = f32x4.relaxed_madd(w, x, c0);
    c1 = f32x4.relaxed_madd(w, w, c1);
  }
  return f32x4.extract_lane(f32x4.add(c0, c1), 0);
}
`;

describe("chainedMadds", () => {
  it("finds the chains that -O3 makes and none under -O1", async () => {
    const options = { memory: "own", sources: { [ENTRY]: source } } as const;
    expect(chainedMadds(await compileAssembly(ENTRY, "relaxed", options))).toBe(0);
    expect(chainedMadds(await compileAssembly(ENTRY, "relaxed", { ...options, optimize: "-O3" }))).toBeGreaterThan(0);
  });

  it("leaves nested multiply-adds alone that are no accumulator's", async () => {
    const sources = {
      [ENTRY]: `export function reduce(at: usize, y: usize): void {
        const n = v128.load(at);
        v128.store(y, f32x4.relaxed_madd(n, v128.load(at, 16), f32x4.relaxed_madd(n, v128.load(at, 32), v128.load(at, 48))));
      }`,
    };
    expect(chainedMadds(await compileAssembly(ENTRY, "relaxed", { memory: "own", sources }))).toBe(0);
  });
});
