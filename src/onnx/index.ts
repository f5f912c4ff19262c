/** `swivel-nn/onnx`: models for other runtimes. An entry of its own, so that apps which only run models do not carry it. */
export { type OnnxOptions, toOnnx } from "./export.ts";
