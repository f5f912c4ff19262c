/** Shaders as they are imported: with their loops written out they are what the build makes of the files. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { shaders as inference } from "../../src/backends/webgpu/generated/shaders.ts";
import { type Shader, shader } from "../../src/backends/webgpu/shader.ts";
import { writeOut } from "../../src/backends/webgpu/unroll.ts";
import { shippedShaders } from "../../tools/wgsl/build.ts";
import { shadersDir } from "../../tools/wgsl/expand.ts";
import { shorten } from "../../tools/wgsl/shorten.ts";
import { mark } from "../../tools/wgsl/unroll.ts";
import { shaders as training } from "../../training/backends/generated/shaders.ts";

it.each([
  ["inference", inference, shadersDir],
  ["training", training, join(shadersDir, "training")],
])("those of %s, all of them", (_, imported: Readonly<Record<string, Shader>>, dir) => {
  const files = shippedShaders(dir).map(({ name, text }) => shader(name, text));
  expect(files.map(({ name }) => name)).toEqual(Object.keys(imported));
  for (const file of files) {
    const { name, code } = file;
    expect({ ...imported[name] }).toEqual(file);
    expect(code).not.toContain("@unroll");
  }
});

it("names are shortened but for those that the host knows, and those that mean something else in another shader", () => {
  const [first, second] = shorten([
    "override SIZE:u32=1;struct Params{size:u32,}@group(0)@binding(0)var<uniform>p:Params;@group(0)@binding(1)var<storage,read>values:array<f32>;fn doubled(value:f32)->f32{let workgroup=value;return workgroup+value;}",
    "fn sum_of(left:f32,size:f32)->f32{let round=left+size;return round;}@compute @workgroup_size(1)fn main(@builtin(workgroup_id)workgroup:vec3u){let left=round(1.5);@unroll(index,0,4,u){left.x=sum_of(left,f32(index));}}",
  ]);
  expect(first).toBe(
    "override SIZE:u32=1;struct Params{size:u32,}@group(0)@binding(0)var<uniform>p:Params;@group(0)@binding(1)var<storage,read>values:array<f32>;fn c(a:f32)->f32{let b=a;return b+a;}",
  );
  expect(second).toBe(
    "fn d(a:f32,size:f32)->f32{let round=a+size;return round;}@compute @workgroup_size(1)fn main(@builtin(workgroup_id)b:vec3u){let a=round(1.5);@unroll(c,0,4,u){a.x=d(a,f32(c));}}",
  );
});

const loop = (head: string, body: string, before = "") => `${before}\n// @unroll\nfor (${head}) {${body}}\nafter();`;

it("loops are written out, inner ones with the numbers of the outer ones", () => {
  const code = loop(
    "var i = 0u; i < N; i++",
    `\n// a brace in a comment }\n// @unroll\nfor (var k = 1; k < 3; k++) { f(i, k, x.i, kk, 7u); }\n`,
    "const N = 1u + 1u;",
  );
  const once = (i: number) => `{ f(${i}u, 1, x.i, kk, 7u); }{ f(${i}u, 2, x.i, kk, 7u); }`;
  const lines = writeOut(mark(code, "x")).replace(/\n\/\/ a brace in a comment }/g, "");
  expect(lines.replaceAll("\n", "")).toBe(`const N = 1u + 1u;{${once(0)}}{${once(1)}}after();`);
});

it.each([
  [loop("var i = 0u; i < n; i++", ""), /needs n, which is no module constant/],
  [loop("var i = 0u; i < 4u; i += 2u", ""), /must stand on the line before/],
  [loop("var i = 0u; i < 4u; i++", "if (x) { break; }"), /must not break or continue/],
  ["// @unroll\nfor (var i = 0u; i < 4u; i++) { f();", /has no closing brace/],
])("what cannot be written out is refused: %s", (code, message) => {
  expect(() => mark(code, "x.wgsl")).toThrow(message);
});
