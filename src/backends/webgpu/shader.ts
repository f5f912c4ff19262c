/** A compute shader as the build hands it on (tools/wgsl), and what the host must know of it. */

import { writeOut } from "./unroll.ts";

/** A field of the shader's Params: 4 bytes each, in order. */
export type ShaderField = readonly [name: string, type: "u32" | "i32" | "f32"];

export interface ShaderBinding {
  /** A tensor or table of the op's kernel layout, or scratch memory of the dispatch. */
  readonly name: string;
  /** Bound read_write; else read. */
  readonly writes: boolean;
}

export interface Shader {
  readonly name: string;
  /** Of the text: with the constants it is the key of a pipeline. */
  readonly hash: string;
  readonly code: string;
  readonly params: readonly ShaderField[];
  /** Storage bindings 1, 2, …; 0 is Params. */
  readonly bindings: readonly ShaderBinding[];
  /** Names of override constants. `has_<tensor>` is set by the host: whether an optional tensor or table is there. */
  readonly overrides: readonly string[];
}

/** A shader as the build writes it down: its text minified, with marks for the loops that `code` has written out. The rest is read from the text. */
export function shader(name: string, marked: string): Shader {
  let code: string | undefined;
  return {
    name,
    hash: hashOf(marked),
    get code() {
      code ??= writeOut(marked);
      return code;
    },
    ...factsOf(marked),
  };
}

/** 64 bits of FNV-1a in two halves, as 16 hexadecimal digits. */
function hashOf(text: string): string {
  const half = (start: number): string => {
    let hash = start;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return half(0x811c9dc5) + half(0x01234567);
}

/** What stands in the text of a shader that keeps to the conventions (tools/wgsl/reflect.ts holds it to them), comments left out. */
export function factsOf(text: string): Pick<Shader, "bindings" | "params" | "overrides"> {
  const bindings = [...text.matchAll(/@binding\((\d+)\)\s*var<storage,\s*(\w+)>\s*(\w+)/g)].sort((a, b) => Number(a[1]) - Number(b[1]));
  const fields = /struct Params\s*\{([^}]*)/.exec(text)?.[1] ?? "";
  return {
    bindings: bindings.map(([, , access, name = ""]) => ({ name, writes: access === "read_write" })),
    params: [...fields.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, name, type]) => [name, type] as unknown as ShaderField),
    overrides: [...text.matchAll(/\boverride (\w+)/g)].map(([, name = ""]) => name),
  };
}
