/** Every case of convolutions on WebGPU, in Node by Dawn. They take longest, and have a file of their own so that others run beside it. */
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { allCases } from "./cases.ts";
import { runCases } from "./harness.ts";

await describeWithAdapter("swiftshader", () => {
  const cases = allCases.filter(({ op }) => op === "conv2d");
  runCases("WebGPU", () => webgpuTrainingBackend(), cases, { fixedBatch: true });
});
