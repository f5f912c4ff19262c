/**
 * Loops that are written out before a driver sees them: `@unroll(k, 0, 4, u) {…}` becomes four copies of its body, with 0u to 3u in the place of k. The build
 * makes such marks of what `// @unroll` stands before (tools/wgsl), and shaders ship with them: written out they are several times as long.
 */
const MARK = /@unroll\((\w+), ?(\d+), ?(\d+), ?(\w?)\) ?\{/g;

/** The text with every marked loop written out, outer ones first. */
export function writeOut(code: string): string {
  let text = code;
  for (let at = 0; ; ) {
    MARK.lastIndex = at;
    const match = MARK.exec(text);
    if (!match) return text;
    const [head, variable = "", first, last, suffix = ""] = match;
    // inner loops are found in the copies
    at = match.index;
    const open = at + head.length;
    const close = closingBrace(text, open);
    const body = text.slice(open, close);
    const name = new RegExp(`(?<![.\\w])${variable}\\b`, "g");
    let copies = "";
    for (let value = Number(first); value < Number(last); value++) copies += `{${body.replace(name, `${value}${suffix}`)}}`;
    text = text.slice(0, at) + copies + text.slice(close + 1);
  }
}

/** The brace that closes a block whose inside begins at `from`; −1 where there is none. */
export function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    // comments, which shaders do not ship with
    if (text.startsWith("//", i)) i = text.indexOf("\n", i);
    if (text[i] === "{") depth++;
    if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}
