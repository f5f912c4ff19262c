/** From a trained network to the file that ships. */
import type { Graph } from "../src/graph/graph.ts";
import { type Model, writeModel } from "../src/model/model.ts";
import { optimize } from "../src/passes/index.ts";
import { withoutRecipe } from "../training/recipes/index.ts";

/** The model as it ships: passes applied, training state left behind. */
export function packModel(model: Model, dtype: "f32" | "f16" = "f32"): Uint8Array<ArrayBuffer> {
  const { training: _, info, ...rest } = model;
  return writeModel(
    { ...rest, ...(info && { info: withoutRecipe(info) }), ...optimize(model.graph, model.tensors) },
    { floats: dtype === "f16" ? "F16" : "F32" },
  );
}

/**
 * True where sums, activations or moves of channels run inside filters, as packing leaves them: their slopes and channels cannot be told apart any
 * more.
 */
export function isPacked({ nodes }: Graph): boolean {
  return nodes.some(
    ({ op, inputs, attrs }) =>
      inputs.residual !== undefined ||
      (attrs.activation ?? "none") !== "none" ||
      (op === "conv2d" && Boolean(attrs.gather ?? attrs.scatter)),
  );
}
