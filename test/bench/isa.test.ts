/** What `bench -- isa` counts, on code whose counts can be seen. */
import { describe, expect, it } from "vitest";
import { countPasses, loopOf, markPasses, workgroupElements, workgroupSize } from "../../bench/isa/instrument.ts";
import { type JudgedRow, judge } from "../../bench/isa/judge.ts";
import { graphOf, layers, shapeOf } from "../../bench/isa/layers.ts";
import { parseMachineCode } from "../../bench/isa/machine_code.ts";
import { countPassesOf } from "../../bench/isa/passes.ts";
import type { IsaRow } from "../../bench/isa/row.ts";
import { findTool } from "../../bench/isa/tool.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { describeWithAdapter } from "../backends/adapter.ts";

const machineCode = `
BB0:
	s_load_b128 s[8:11], s[2:3], null                           ; f4080201 f8000000
	s_cbranch_execz BB9                                         ; bfa50004
BB1:
	v_mov_b32_e32 v0, 0                                         ; 7e000280
BB2:
	v_fmac_f32_e32 v1, v2, v3                                   ; 56020702
	s_cbranch_scc1 BB8                                          ; bfa20001
BB3:
	v_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6    ; c8000702
	v_pk_fma_f16 v7, v8, v9, v7                                 ; cc0e4007
	buffer_store_b32 v1, off, s[0:3], 0 offset:3608             ; e0680e10
	s_cbranch_vccnz BB3                                         ; bfa3fffb
BB4:
	s_add_i32 s0, s0, 1                                         ; 81008100
	s_branch BB2                                                ; bfa0fff0
BB8:
	buffer_store_b32 v1, off, s[0:3], 0 offset:24               ; e0680018
BB9:
	s_endpgm                                                    ; bfb00000
`;

describe("machine code", () => {
  const { loops, straight, lanes, hot } = parseMachineCode(machineCode);

  it("has loops within loops, each with its own instructions", () => {
    expect(loops.map(({ fma, all, parent, own }) => ({ fma, all, parent, own }))).toEqual([
      { fma: 5, all: 9, parent: -1, own: { fma: 1, all: 4 } },
      { fma: 4, all: 5, parent: 0, own: { fma: 4, all: 5 } },
    ]);
    expect(loops.map(({ size }) => size)).toEqual([8, 4]);
    expect(lanes).toBe(32);
    expect(parseMachineCode("BB0:\n\ts_mov_b32 vcc_lo, s0\n\ts_and_b64 exec, exec, vcc").lanes).toBe(64);
    expect(straight).toEqual({ fma: 0, all: 5 });
    expect(hot).toBe(1);
  });

  it("keeps marks apart from other stores", () => {
    expect(loops[1]?.lines.map(loopOf).filter((loop) => loop !== undefined)).toEqual([2]);
    expect(loopOf("buffer_store_b32 v1, off, s[0:3], 0 offset:24")).toBeUndefined();
  });
});

/** A loop in a function, and one around its calls; the last invocations do nothing. Lanes of one wave make different numbers of passes. */
const code = `
struct Params { n: u32, m: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override LANES: u32 = 16;
const ROWS = 2;
fn sum(first: u32, count: u32) -> f32 {
  var s = 0.0;
  for (var j = 0u; j < count; j++) { s += x[first + j]; }
  return s;
}
@compute @workgroup_size(LANES * 2, ROWS)
fn main(@builtin(global_invocation_id) id: vec3u,) {
  if (id.x >= 50u) { return; }
  var t = 0.0;
  var i = 0u;
  while i < p.n { t += sum(i, p.m + select(0u, 3u, id.x == 40u)); i++; }
  loop { t += 1.0; if (t > 1.5) { break; } }
  y[id.x] = t;
}`;

describe("shaders", () => {
  it("have workgroups as large as their constants say", () => {
    expect(workgroupSize(code, {})).toBe(64);
    expect(workgroupSize(code, { LANES: 8 })).toBe(32);
  });

  it("have arrays in workgroup memory as large as their constants say", () => {
    expect(workgroupElements(code, {})).toBe(0);
    const arrays = "override N: u32 = 3u; var<workgroup> a: array<vec4f, N * 2u>; var<workgroup> b: array<array<f32, 4>, (N + 1)>;";
    expect(workgroupElements(arrays, { N: 5 })).toBe(24);
    expect(workgroupElements(arrays, {})).toBe(16);
  });

  it("get a call in every loop", () => {
    expect(markPasses(code, 3).loops).toBe(3);
    expect(countPasses(code, 3, 1).code.match(/isa_loop\(\du\)/g)).toEqual(["isa_loop(0u)", "isa_loop(1u)", "isa_loop(2u)"]);
  });
});

await describeWithAdapter("swiftshader", () => {
  it("runs a shader to count the passes of each loop, by waves", async () => {
    const bound = (bytes: number) => ({ binding: "", bytes, reads: true, writes: true });
    const dispatch = {
      ...{ node: "", op: "", macs: 1, shader: { name: "sums", hash: "", code }, constants: {} },
      ...{ grid: [2, 1, 1] as const, params: new Uint32Array([5, 4, 0, 0]).buffer, bindings: [bound(256), bound(256)] },
    };
    // two workgroups of one wave; only the second holds the invocation that adds 3 more
    expect(await countPassesOf(dispatch)).toEqual({ waves: 2, passes: [5 * 4 + 5 * 7, 10, 4] });
  });
});

describe("layers", () => {
  it("are graphs of one node of their op, gradients from the shapes of the forward layer", () => {
    for (const layer of layers) expect(graphOf(layer).nodes.map(({ op }) => op)).toEqual([layer.op]);
    const [dw] = layers.filter(({ op }) => op === "conv2d_dw");
    expect(dw && shapeOf(dw)).toBe("x[1,16,32,32] w[16,16,3,3]");
    expect(() => graphOf({ op: "convolve", inputs: {} })).toThrow(`E_OPTION no op "convolve"; there are ${Object.keys(trainingOps)[0]}`);
  });

  it("are judged where the bars apply", () => {
    const row = (shape: string, change: Partial<IsaRow & { macs: number }> = {}): IsaRow & { macs: number } => ({
      ...{ shader: "s", op: "conv2d", shape, gpu: "navi31", fmaPerValu: 0.9, fmaPerLoad: 20, runs: 16, fmaShare: 0.6 },
      ...{ instructions: 100, lanes: 64, spilled: 0, waves: 8, registers: 64, macs: 16 * 16, ...change },
    });
    const verdicts = judge([
      row("x[1,16,8,8] w[16,16,3,3]"),
      row("x[1,13,8,8] w[13,13,3,3]", { macs: 13 * 13, fmaShare: 0.2 }),
      row("x[1,32,8,8] w[32,32,1,1]", { fmaShare: 0.5, fmaPerLoad: null }),
      row("x[1,32,8,8] w[32,32,5,5]", { fmaShare: 0.5 }),
      row("in lenet", { op: "relu", fmaPerValu: null, fmaPerLoad: null, fmaShare: null, instructions: null, spilled: 2 }),
    ]).map(({ judged, misses, costOf16, usefulShare }: JudgedRow) => ({ judged, misses, costOf16, usefulShare }));
    const useful = (16 * 16) / (100 * 64);
    expect(verdicts).toEqual([
      { judged: true, misses: [], costOf16: null, usefulShare: useful },
      { judged: false, misses: ["costOf16"], costOf16: (16 * 16) / (13 * 13), usefulShare: (13 * 13) / (100 * 64) },
      { judged: true, misses: ["fmaShare"], costOf16: null, usefulShare: useful },
      { judged: false, misses: [], costOf16: null, usefulShare: useful },
      { judged: false, misses: ["spilled"], costOf16: null, usefulShare: null },
    ]);
  });
});

describe("the tool", () => {
  it("is named with the remedy where it is not there", () => {
    expect(() => findTool("/nowhere/tool.mjs")).toThrow(/^E_NOT_FOUND .* \/nowhere\/tool.mjs; name it with --tool FILE or .* WGSL_ISA/);
  });
});
