/** Reads from a shader's text what the host must know of it, so that it is said once: its bindings, the fields of Params, its overrides. */
import type { Shader, ShaderField } from "../../src/backends/webgpu/shader.ts";

type Facts = Pick<Shader, "bindings" | "params" | "overrides">;

/** `where` names the file in errors. Throws where the text breaks the conventions of shaders/README.md. */
export function reflect(code: string, where: string): Facts {
  const text = code.replace(/\/\/[^\n]*/g, "");
  const fail = (what: string): never => {
    throw new Error(`${where}: ${what}`);
  };
  const bindings = [...text.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<([^>]+)>\s*(\w+)\s*:\s*([^;]+);/g)].map(
    ([, binding, space = "", name = "", type = ""]) => ({
      binding: Number(binding),
      space: space.replace(/\s/g, ""),
      name,
      type: type.trim(),
    }),
  );
  if (!/@compute\s+@workgroup_size\([^)]*\)\s*fn main\(/.test(text)) fail('has no entry point "@compute @workgroup_size(…) fn main("');
  const uniform = bindings.find(({ space }) => space === "uniform");
  if (uniform && (uniform.binding !== 0 || uniform.type !== "Params")) fail("its uniform must be binding 0 and a Params");
  const storage = bindings.filter(({ space }) => space !== "uniform").sort((a, b) => a.binding - b.binding);
  storage.forEach(({ binding, name, space }, i) => {
    if (binding !== i + 1) fail(`${name} is binding ${binding}, expected ${i + 1}: storage bindings follow the uniform without gaps`);
    if (space !== "storage,read" && space !== "storage,read_write") fail(`${name} is var<${space}>; expected storage, read or read_write`);
  });
  if (storage.length > 8) fail(`has ${storage.length} storage bindings; devices promise 8`);
  return {
    bindings: storage.map(({ name, space }) => ({ name, writes: space === "storage,read_write" })),
    params: uniform ? fieldsOf(/struct Params\s*\{([^}]*)\}/.exec(text)?.[1] ?? fail("has no struct Params"), fail) : [],
    overrides: [...text.matchAll(/\boverride (\w+)/g)].map(([, name]) => name as string),
  };
}

function fieldsOf(body: string, fail: (what: string) => never): ShaderField[] {
  return body
    .split(",")
    .map((field) => field.trim())
    .filter((field) => field !== "")
    .map((field): ShaderField => {
      const match = /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field);
      return match ? [match[1] as string, match[2] as ShaderField[1]] : fail(`field "${field}" of Params is no u32, i32 or f32`);
    });
}
