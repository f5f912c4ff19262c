/** Every op case on WebGPU, in Node by Dawn. */
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { allCases } from "./cases.ts";
import { runCases } from "./harness.ts";

await describeWithAdapter("swiftshader", () => {
  runCases("WebGPU", () => webgpuTrainingBackend(), allCases);
});
