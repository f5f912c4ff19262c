/** How each op that a model file may hold is said in ONNX, the same from opset 13 on. An op without a rule does not compile. */
import { forActivations } from "../ops/activation.ts";
import type { OpName } from "../ops/index.ts";
import { activation } from "./activation.ts";
import { concat, gatherChannels, padChannels, scatterAddChannels, sliceChannels } from "./channels.ts";
import { batchNorm, conv2d, linear } from "./filters.ts";
import { avgPool, globalAvgPool, maxPool } from "./pool.ts";
import type { OnnxIo, OnnxRule } from "./rule.ts";

/** ONNX broadcasts a second operand of one example as we do. */
const binary =
  (type: "Add" | "Mul"): OnnxRule =>
  (io) =>
    io.op(type, [io.input("a"), io.input("b")]);

export const onnxRules: Readonly<Record<OpName, OnnxRule>> = {
  conv2d,
  linear,
  batch_norm: batchNorm,
  ...forActivations(activation),
  add: binary("Add"),
  mul: binary("Mul"),
  max_pool: maxPool,
  avg_pool: avgPool,
  global_avg_pool: globalAvgPool,
  flatten: (io) => io.op("Flatten", [io.input("x")], { axis: 1 }),
  // 0 keeps the first dimension, whatever the batch
  reshape: (io: OnnxIo<{ readonly shape: readonly number[] }>) => io.op("Reshape", [io.input("x"), io.integers([0, ...io.attrs.shape])]),
  concat,
  pad_channels: padChannels,
  slice_channels: sliceChannels,
  gather_channels: gatherChannels,
  scatter_add_channels: scatterAddChannels,
  softmax: (io) => io.op("Softmax", [io.input("x")], { axis: 1 }),
};
