/**
 * Puts a call into the body of every loop of a shader: `isa_loop(k)` for the k-th in the order of the text. What the function does decides what is learnt:
 * how often each loop runs (on any device), or which loop of the machine code it has become.
 */

export interface Instrumented {
  readonly code: string;
  readonly loops: number;
}

/** Lanes of a wave: RADV compiles compute shaders for 64. */
export const WAVE = 64;
/** The marks lie where no shader's own constant addresses do: at the end of what an instruction's offset reaches. */
const FIRST_MARK = 900;

/** Binding of the counts or marks. */
const storage = (binding: number, type: string) => `@group(0) @binding(${binding}) var<storage, read_write> isa_out: array<${type}>;`;

/**
 * Counts, for each wave of each workgroup and each loop, the passes of the lane that makes most of them; `isa_out` [waves, loops]. `binding`: a free one;
 * `waves`: of a workgroup.
 */
export function countPasses(code: string, binding: number, waves: number): Instrumented {
  const { code: marked, loops } = markLoops(code);
  const { code: ready, workgroup, workgroups, lane } = withBuiltins(marked);
  const linear = `(${workgroup}.z * ${workgroups}.y + ${workgroup}.y) * ${workgroups}.x + ${workgroup}.x`;
  const start = `isa_wave = ((${linear}) * ${waves}u + ${lane} / ${WAVE}u) * ${loops}u;`;
  const head = `${storage(binding, "atomic<u32>")}
    var<private> isa_wave: u32;
    var<private> isa_passes: array<u32, ${Math.max(1, loops)}>;
    fn isa_loop(k: u32) { isa_passes[k] += 1u; atomicMax(&isa_out[isa_wave + k], isa_passes[k]); }`;
  return { code: withHead(ready.replace("isa_start();", start), head), loops };
}

/** Stores a mark in each loop; `loopOf` finds it in the machine code. */
export function markPasses(code: string, binding: number): Instrumented {
  const { code: marked, loops } = markLoops(code);
  const head = `${storage(binding, "u32")}\nfn isa_loop(k: u32) { isa_out[${FIRST_MARK}u + k] = k; }`;
  return { code: withHead(marked.replace("isa_start();", ""), head), loops };
}

/** The loop of the shader that an instruction of marked machine code belongs to, where it is a mark. */
export function loopOf(line: string): number | undefined {
  if (!/^(?:buffer|global|flat)_store/.test(line)) return undefined;
  const offset = Number(/offset:(\d+)/.exec(line)?.[1] ?? 0) / 4 - FIRST_MARK;
  return offset >= 0 && Number.isInteger(offset) ? offset : undefined;
}

function markLoops(code: string): Instrumented {
  let loops = 0;
  let text = "";
  let from = 0;
  for (const { index, 0: head, 1: keyword } of code.matchAll(/\b(for|while|loop)\b\s*(?=[({]|\w)/g)) {
    const at = index + head.length;
    const open = code.indexOf("{", keyword === "for" ? closing(code, at) : at);
    text += `${code.slice(from, open + 1)} isa_loop(${loops++}u);`;
    from = open + 1;
  }
  text += code.slice(from);
  const main = /\bfn main\(/.exec(text) as RegExpExecArray;
  const body = text.indexOf("{", closing(text, main.index + main[0].length - 1));
  return { code: `${text.slice(0, body + 1)} isa_start();${text.slice(body + 1)}`, loops };
}

/** The entry point with the built-in values that it lacks. */
function withBuiltins(code: string) {
  const main = /\bfn main\(/.exec(code) as RegExpExecArray;
  const open = main.index + main[0].length - 1;
  const close = closing(code, open);
  const parameters = code.slice(open + 1, close);
  let added = "";
  const nameOf = (builtin: string, type: string): string => {
    const given = new RegExp(`@builtin\\(${builtin}\\)\\s*(\\w+)`).exec(parameters)?.[1];
    if (given === undefined)
      added += `${/,\s*$/.test(parameters + added) || parameters + added === "" ? "" : ","} @builtin(${builtin}) isa_${builtin}: ${type}`;
    return given ?? `isa_${builtin}`;
  };
  const workgroup = nameOf("workgroup_id", "vec3u");
  const workgroups = nameOf("num_workgroups", "vec3u");
  const lane = nameOf("local_invocation_index", "u32");
  return { code: code.slice(0, close) + added + code.slice(close), workgroup, workgroups, lane };
}

/** Directives must stay first. */
function withHead(code: string, head: string): string {
  const directives = /^(?:\s*(?:enable|requires|diagnostic)\b[^;]*;)*/.exec(code)?.[0] ?? "";
  return `${directives}\n${head}\n${code.slice(directives.length)}`;
}

/** Index of the bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === "(") depth++;
    if (code[i] === ")" && --depth === 0) return i;
  }
  throw new Error("a bracket of the shader is never closed");
}

type Constants = Readonly<Record<string, number>>;

/** Invocations of a workgroup. */
export function workgroupSize(code: string, constants: Constants): number {
  const sizes = /@workgroup_size\(([^)]*(?:\([^)]*\)[^)]*)*)\)\s*fn main\b/.exec(code)?.[1] ?? "1";
  const parts = sizes.split(",").filter((part) => part.trim() !== "");
  return parts.reduce((product, part) => product * evaluate(part, code, constants), 1);
}

/** Elements of the largest array in workgroup memory; 0 where there is none. */
export function workgroupElements(code: string, constants: Constants): number {
  const elements = (type: string): number => {
    const inner = /^array<(.*)>$/s.exec(type.trim())?.[1];
    const comma = inner?.lastIndexOf(",") ?? -1;
    return inner === undefined ? 1 : elements(inner.slice(0, comma)) * evaluate(inner.slice(comma + 1), code, constants);
  };
  const types = [...code.matchAll(/var<workgroup>\s*\w+\s*:\s*([^;=]+)/g)].map(([, type = ""]) => type);
  return Math.max(0, ...types.filter((type) => type.trim().startsWith("array<")).map(elements));
}

/** A constant expression of a shader, its overrides set. */
function evaluate(expression: string, code: string, constants: Constants): number {
  const text = expression.replace(/\b[a-zA-Z_]\w*\b/g, (name) => {
    const definition = new RegExp(`\\b(?:override|const) ${name}\\s*(?::\\s*\\w+)?\\s*=\\s*([^;]+);`).exec(code)?.[1];
    const value = constants[name] ?? (definition === undefined ? undefined : evaluate(definition, code, constants));
    if (value === undefined) throw new Error(`the constant ${expression} needs ${name}, which has no value`);
    return String(value);
  });
  const digits = text.replace(/\b(\d+)[ui]\b/g, "$1");
  if (!/^[\d\s()+\-*/%]+$/.test(digits)) throw new Error(`cannot evaluate the constant ${expression}`);
  // biome-ignore lint/security/noGlobalEval: digits and operators only, from our own shaders
  return Math.trunc(Number(globalThis.eval(digits)));
}
