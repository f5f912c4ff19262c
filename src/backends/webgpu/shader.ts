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
  /** Of the expanded text: with the constants it is the key of a pipeline. */
  readonly hash: string;
  readonly code: string;
  readonly params: readonly ShaderField[];
  /** Storage bindings 1, 2, …; 0 is Params. */
  readonly bindings: readonly ShaderBinding[];
  /** Names of override constants. `has_<tensor>` is set by the host: whether an optional tensor or table is there. */
  readonly overrides: readonly string[];
}

/** A shader as the build writes it down, with marks for the loops that `code` has written out. */
export function shader(marked: Shader): Shader {
  let code: string | undefined;
  return {
    ...marked,
    get code() {
      code ??= writeOut(marked.code);
      return code;
    },
  };
}
