/** conv2d, linear and batch norm. Weights have ONNX's layouts already: [O, C/groups, KH, KW], and [out, in] as a transposed factor. */
import type { Activation } from "../ops/activation.ts";
import type { ConvAttrs, ConvRoutes } from "../ops/conv2d.ts";
import { epilogue } from "./activation.ts";
import { gather, pick, scatter } from "./channels.ts";
import type { OnnxIo } from "./rule.ts";

export function conv2d(io: OnnxIo<ConvAttrs & ConvRoutes & { readonly activation: Activation | "none" }>): void {
  const { stride, padding, dilation, groups, channels } = io.attrs;
  const attrs = { kernel_shape: io.shape("w").slice(2), strides: stride, pads: padding, dilations: dilation, group: groups };
  const x = io.attrs.gather.length === 0 ? io.input("x") : gather(io, io.input("x"), io.attrs.gather);
  const y = io.op("Conv", [x, io.input("w"), io.input("bias")], attrs);
  const sum = io.attrs.scatter.length === 0 ? y : scatter(io, y, io.attrs.scatter, channels);
  const { shortcut } = io.attrs;
  epilogue(
    io,
    sum,
    shortcut.length === 0 ? io.input("residual") : pick(io, io.input("residual"), shortcut, io.shape("residual")[1] as number),
  );
}

export function linear(io: OnnxIo<{ readonly activation: Activation | "none" }>): void {
  epilogue(io, io.op("Gemm", [io.input("x"), io.input("w"), io.input("bias")], { transB: 1 }), io.input("residual"));
}

export function batchNorm(io: OnnxIo<{ readonly eps: number }>): void {
  const inputs = ["x", "gamma", "beta", "mean", "var"].map((slot) => io.input(slot));
  io.op("BatchNormalization", inputs, { epsilon: { float: io.attrs.eps } });
}
