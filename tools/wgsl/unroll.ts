/**
 * `// @unroll` before a `for` of a shader: the build writes its body out once for each value of its variable. Drivers of desktops do that themselves;
 * software adapters and some phones do not, and then keep small arrays in memory instead of registers (a convolution ran at a seventh of its speed).
 * The file means the same with and without: bounds are integer literals or module constants, and the body neither breaks nor continues.
 */

const LOOP = /\/\/ @unroll\s*\n\s*for \(var (\w+) = ([^;]+); \1 < ([^;]+); \1\+\+\) \{/;

/** Replaces every marked loop, outer ones first, so that inner bounds may depend on outer variables. */
export function unroll(code: string, where: string): string {
  const constants = constantsOf(code);
  let text = code;
  for (;;) {
    const match = LOOP.exec(text);
    if (!match) {
      if (/\/\/ @unroll/.test(text)) {
        throw new Error(`${where}: @unroll must stand on the line before "for (var i = 0u; i < N; i++) {"`);
      }
      return text;
    }
    const [head, variable = "", from = "", to = ""] = match;
    const open = match.index + head.length;
    const close = closingBrace(text, open, where);
    const body = text.slice(open, close);
    if (/\b(break|continue)\b/.test(body))
      throw new Error(`${where}: the body of an unrolled loop over ${variable} must not break or continue`);
    const [first, suffix] = evaluate(from, constants, where);
    const [last] = evaluate(to, constants, where);
    let copies = "";
    for (let value = first; value < last; value++) {
      copies += `{${body.replace(new RegExp(`(?<![.\\w])${variable}\\b`, "g"), `${value}${suffix}`)}}\n`;
    }
    text = text.slice(0, match.index) + copies + text.slice(close + 1);
  }
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

function closingBrace(text: string, from: number, where: string): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith("//", i) && !text.startsWith("// @unroll", i)) i = text.indexOf("\n", i);
    if (text[i] === "{") depth++;
    if (text[i] === "}" && --depth === 0) return i;
  }
  throw new Error(`${where}: a loop has no closing brace`);
}
