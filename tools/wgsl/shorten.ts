/** Short names for what only a shader itself knows: the same everywhere, so that shaders stay alike and compress well. */

/** Functions, constants, types and their members, parameters and variables. */
const DECLARED = /\b(?:fn|let|const|alias|struct|var)\s+(\w+)|[({,)]\s*(\w+)\s*:(?!:)|@unroll\((\w+)/g;
/** Names that mean something else, too: attributes and their arguments, address spaces, parts of vectors, what the host sets. */
const TAKEN = /@(\w+)|@\w+\(([\w, ]+)\)|\bvar<([^>]+)>\s*(\w+)|\boverride (\w+)|\b([xyzw]+|[rgba]+)\b/g;
const PARAMS = /\bstruct Params\s*\{([^}]*)\}/g;
/** What is called, and what of it the shader declares: the rest are WGSL's own functions and types. */
const CALLED = /(?<![.@\w])([A-Za-z_]\w*)(?=\()/g;
const CALLABLE = /\b(?:fn|alias|struct) (\w+)/g;
const NAME = /(?<![@\w])[A-Za-z_]\w*/g;

/** The shaders, in which every name that can be is replaced by a shorter one. Their text is minified. */
export function shorten(shaders: readonly string[]): string[] {
  const all = shaders.join("\n");
  // the host looks for these
  const kept = new Set(["main", "Params", "Elem"]);
  for (const [, ...names] of all.matchAll(TAKEN)) for (const name of names.flatMap((part) => part?.split(/\W+/) ?? [])) kept.add(name);
  for (const [, body = ""] of all.matchAll(PARAMS)) for (const [name] of body.matchAll(/\w+(?=\s*:)/g)) kept.add(name);
  const uses = new Map<string, number>();
  const texts = shaders.map((text) => new Set(text.match(NAME)));
  for (const [i, text] of shaders.entries()) {
    const own = new Set([...text.matchAll(DECLARED)].flatMap(([, ...names]) => names.filter((name) => name !== undefined)));
    const callable = new Set([...text.matchAll(CALLABLE)].map(([, name]) => name));
    for (const [name] of text.matchAll(CALLED)) if (!callable.has(name)) kept.add(name);
    // a built-in function, if another shader has a variable of its name
    for (const name of texts[i] as Set<string>) if (!own.has(name)) kept.add(name);
    for (const [name] of text.matchAll(NAME)) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const byUse = [...uses].filter(([name]) => name.length > 2 && !kept.has(name)).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const short = new Map<string, string>();
  for (const [name] of byUse) {
    // two names share a short one where no shader has both
    const around = texts.filter((names) => names.has(name));
    const taken = new Set(around.flatMap((names) => [...names].map((other) => short.get(other) ?? other)));
    short.set(name, shortNames().find((candidate) => !taken.has(candidate)) as string);
  }
  return shaders.map((text) => text.replace(NAME, (name) => short.get(name) ?? name));
}

/** a … Z, aa, ab …. */
function shortNames(): string[] {
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  return [...letters, ...pairs].filter((name) => !RESERVED.has(name));
}

/** Words of WGSL and of the languages that it is translated to, of one or two letters. */
const RESERVED: ReadonlySet<string> = new Set(["as", "do", "fn", "if", "in", "is", "of", "or"]);
