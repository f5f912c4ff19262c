/** Every case of the gradients of convolutions on WebGPU, in Node by Dawn. */
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { allCases } from "./cases.ts";
import { runCases } from "./harness.ts";

await describeWithAdapter("swiftshader", () => {
  const cases = allCases.filter(({ op }) => op.startsWith("conv2d_"));
  runCases("WebGPU", () => webgpuTrainingBackend(), cases, { fixedBatch: true });
});
