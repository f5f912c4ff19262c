/**
 * Leaves out of a shader what its constants switch off. Shaders have loops written out for their largest tiles, each copy behind a condition on override
 * constants; drivers drop the copies that a pipeline does not need, but only after the browser has parsed, checked and translated them: most of the time
 * that a pipeline takes to be made.
 */

type Value = number | boolean | undefined;

const TOKEN = /\s*(?:(\d+)[uif]?(?![\w.])|([A-Za-z_][\w.]*)|(\|\||&&|[<>=!]=|[-+*/%<>!()[\],.&|^~]))/y;

/** `code` without the blocks of `if` whose condition is false for these constants. What it cannot decide stays. */
export function liveCode(code: string, constants: Readonly<Record<string, number>>): string {
  const known = overridesOf(code, constants);
  let out = "";
  let from = 0;
  const branch = /\bif\s*\(/g;
  for (let match = branch.exec(code); match; match = branch.exec(code)) {
    const open = match.index + match[0].length - 1;
    const close = closing(code, open, "(", ")");
    const block = /\S/.exec(code.slice(close + 1));
    const start = close + 1 + (block?.index ?? 0);
    if (block?.[0] !== "{" || evaluate(code.slice(open + 1, close), known) !== false) continue;
    const end = closing(code, start, "{", "}") + 1;
    if (/^\s*else\b/.test(code.slice(end, end + 16))) continue;
    out += code.slice(from, match.index);
    from = end;
    branch.lastIndex = end;
  }
  return out + code.slice(from);
}

/** Values of the overrides: given ones, else their defaults, which may be made from others. */
function overridesOf(code: string, constants: Readonly<Record<string, number>>): Map<string, Value> {
  const known = new Map<string, Value>();
  for (const [, name = "", type, initial = ""] of code.matchAll(/\boverride (\w+)\s*(?::\s*(\w+))?\s*=\s*([^;]+);/g)) {
    const given = constants[name];
    known.set(name, given === undefined ? evaluate(initial, known) : type === "bool" ? given !== 0 : given);
  }
  return known;
}

function closing(code: string, open: number, opener: string, closer: string): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === opener) depth++;
    else if (code[i] === closer && --depth === 0) return i;
  }
  return code.length;
}

/** The value of an expression of whole numbers, booleans and known names; undefined where it depends on anything else. */
export function evaluate(text: string, known: ReadonlyMap<string, Value>): Value {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) return undefined;
    tokens.push(match[1] ?? match[2] ?? (match[3] as string));
  }
  return new Expression(tokens, known).value();
}

const LEVELS = [["||"], ["&&"], ["<", ">", "<=", ">=", "==", "!="], ["+", "-"], ["*", "/", "%"]] as const;

class Expression {
  #at = 0;
  constructor(
    readonly tokens: readonly string[],
    readonly known: ReadonlyMap<string, Value>,
  ) {}

  value(): Value {
    const value = this.#level(0);
    // something is left that is no part of these operators: a call, an index, bits
    return this.#at === this.tokens.length ? value : undefined;
  }

  #level(level: number): Value {
    const operators: readonly string[] | undefined = LEVELS[level];
    if (!operators) return this.#operand();
    let left = this.#level(level + 1);
    while (operators.includes(this.tokens[this.#at] ?? "")) {
      const operator = this.tokens[this.#at++] as string;
      left = apply(operator, left, this.#level(level + 1));
    }
    return left;
  }

  #operand(): Value {
    const token = this.tokens[this.#at++] ?? "";
    if (token === "!") {
      const value = this.#operand();
      return typeof value === "boolean" ? !value : undefined;
    }
    if (token === "(") {
      const value = this.#level(0);
      return this.tokens[this.#at++] === ")" ? value : undefined;
    }
    if (/^\d/.test(token)) return Number(token);
    if (token === "true" || token === "false") return token === "true";
    if (this.tokens[this.#at] === "(" || this.tokens[this.#at] === "[") {
      this.#skip();
      return undefined;
    }
    return this.known.get(token);
  }

  /** Past the arguments of a call or an index. */
  #skip(): void {
    let depth = 0;
    do {
      const token = this.tokens[this.#at++];
      if (token === "(" || token === "[") depth++;
      if (token === ")" || token === "]") depth--;
    } while (depth > 0 && this.#at < this.tokens.length);
    if (this.tokens[this.#at] === "(" || this.tokens[this.#at] === "[") this.#skip();
  }
}

function apply(operator: string, left: Value, right: Value): Value {
  if (operator === "&&") return left === false || right === false ? false : left === true && right === true ? true : undefined;
  if (operator === "||") return left === true || right === true ? true : left === false && right === false ? false : undefined;
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  switch (operator) {
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "<=":
      return left <= right;
    case ">=":
      return left >= right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "+":
      return left + right;
    case "-":
      // of u32 it would wrap around
      return left < right ? undefined : left - right;
    case "*":
      return left * right;
    default:
      return undefined;
  }
}
