import { closingBrace } from "../../src/backends/webgpu/unroll.ts";

/**
 * `// @unroll` before a `for` of a shader: its body is written out once for each value of its variable. Drivers of desktops do that themselves;
 * software adapters and some phones do not, and then keep small arrays in memory instead of registers (a convolution ran at a seventh of its speed).
 * The file means the same with and without: bounds are integer literals or module constants, and the body neither breaks nor continues.
 */

const LOOP = /\/\/ @unroll\s*\n\s*for \(var (\w+) = ([^;]+); \1 < ([^;]+); \1\+\+\) \{/g;

/** The text with `@unroll(i, 0, 4, u) {` for the head of every such loop, as `writeOut` of src/backends/webgpu/unroll.ts takes it. */
export function mark(code: string, where: string): string {
  const constants = constantsOf(code);
  const text = code.replace(LOOP, (_, variable: string, from: string, to: string) => {
    const [first, suffix] = evaluate(from, constants, where);
    const [last] = evaluate(to, constants, where);
    return `@unroll(${variable}, ${first}, ${last}, ${suffix}) {`;
  });
  if (/\/\/ @unroll/.test(text)) throw new Error(`${where}: @unroll must stand on the line before "for (var i = 0u; i < N; i++) {"`);
  for (const { 0: head, index } of text.matchAll(/@unroll\([^)]*\) \{/g)) {
    const close = closingBrace(text, index + head.length);
    if (close < 0) throw new Error(`${where}: a loop has no closing brace`);
    if (/\b(break|continue)\b/.test(text.slice(index, close)))
      throw new Error(`${where}: the body of ${head.slice(0, -2)} must not break or continue`);
  }
  return text;
}

/** `const NAME = 8u;` at module level. */
function constantsOf(code: string): Map<string, string> {
  return new Map([...code.matchAll(/^const (\w+)(?:\s*:\s*[ui]32)? = ([^;]+);/gm)].map(([, name = "", value = ""]) => [name, value]));
}

/** The value of an integer expression, and the suffix of its literals. */
function evaluate(expression: string, constants: ReadonlyMap<string, string>, where: string): [value: number, suffix: string] {
  let text = expression;
  for (let depth = 0; /[a-zA-Z_]\w*/.test(text.replace(/\b\d+[ui]\b/g, "")); depth++) {
    text = text.replace(/(?<!\d)\b[a-zA-Z_]\w*/g, (name) => {
      const value = constants.get(name);
      if (value === undefined || depth > 8) {
        throw new Error(`${where}: the bound ${expression} of an unrolled loop needs ${name}, which is no module constant`);
      }
      return `(${value})`;
    });
  }
  if (!/^[\d\s()+\-*/%ui]+$/.test(text)) throw new Error(`${where}: cannot evaluate the bound ${expression} of an unrolled loop`);
  // biome-ignore lint/security/noGlobalEval: digits and operators only, from our own files, at build time
  const value = Math.trunc(Number(globalThis.eval(text.replace(/(\d)[ui]/g, "$1"))));
  return [value, /\du/.test(text) ? "u" : /\di/.test(text) ? "i" : ""];
}
