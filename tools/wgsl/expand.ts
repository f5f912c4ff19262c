/** Makes one self-contained WGSL text of a shader file: includes resolved, marked loops written out, and for shipping, comments and spaces left out. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { writeOut } from "../../src/backends/webgpu/unroll.ts";
import { root } from "../entries.ts";
import { mark } from "./unroll.ts";

/** `#include "lib/x.wgsl"`, or of another shader with other types: `#include "add.wgsl" where Elem = vec4f, Sum = vec4f`. */
const INCLUDE = /^#include "([^"]+)"(?: where (\S.*))?\s*$/gm;

export interface ExpandOptions {
  /** Write marked loops out. Default true. */
  readonly unrolled?: boolean;
}

/** The shader at `path` (absolute). Each file is included once, however often it is named. */
export function expand(path: string, { unrolled = true }: ExpandOptions = {}): string {
  return unrolled ? writeOut(marked(path)) : include(path, new Set());
}

/** The same with marks for the loops that are to be written out. */
export const marked = (path: string): string => mark(include(path, new Set()), relative(root, path));

function include(path: string, seen: Set<string>): string {
  seen.add(path);
  return readFileSync(path, "utf8").replace(INCLUDE, (_, name: string, types?: string) => {
    // includes are named from shaders/, like lib/grid.wgsl
    const file = join(shadersDir, name);
    const text = seen.has(file) ? "" : include(file, seen);
    return types === undefined ? text : withTypes(text, types, relative(root, path));
  });
}

/** `text` with other types behind some of its aliases. */
function withTypes(text: string, types: string, where: string): string {
  return types.split(/,\s*(?=\w+ = )/).reduce((code, type) => {
    const [, name, is] = /^(\w+) = (.+)$/.exec(type.trim()) ?? [];
    const alias = new RegExp(`^alias ${name} = [^;]+;`, "m");
    if (name === undefined || !alias.test(code)) throw new Error(`${where}: "where ${type}" names no alias of what is included`);
    return code.replace(alias, `alias ${name} = ${is};`);
  }, text);
}

export const shadersDir = join(root, "shaders");

/** Shorter, and the same tokens. */
export function minify(code: string): string {
  return code
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/\/\/[^\n]*/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ?([{}()[\];,:=<>*/%!?^|]) ?/g, "$1")
    .replace(/(?<![-+&]) ?([-+&]) ?(?![-+&])/g, "$1")
    .trim();
}

export const nameOf = (path: string): string =>
  relative(shadersDir, path)
    .replace(/\.wgsl$/, "")
    .split("/")
    .at(-1) as string;
export const isInside = (path: string, dir: string): boolean => !relative(dir, dirname(path)).startsWith("..");
