/** Holds a shader's text to the conventions by which the host reads from it what it must know: its bindings, the fields of Params, its overrides. */
import { factsOf } from "../../src/backends/webgpu/shader.ts";

/** `where` names the file in errors. Throws where the text breaks the conventions of shaders/README.md. */
export function reflect(code: string, where: string): ReturnType<typeof factsOf> {
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
  if (uniform) checkFields(/struct Params\s*\{([^}]*)\}/.exec(text)?.[1] ?? fail("has no struct Params"), fail);
  return factsOf(text);
}

function checkFields(body: string, fail: (what: string) => never): void {
  const fields = body.split(",").map((field) => field.trim());
  for (const field of fields.filter((text) => text !== "")) {
    if (!/^\w+\s*:\s*(u32|i32|f32)$/.test(field)) fail(`field "${field}" of Params is no u32, i32 or f32`);
  }
}
