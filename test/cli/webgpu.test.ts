/** The command on WebGPU: `swivel eval` on a software adapter, and where there is none. */
import { expect, it } from "vitest";
import { describeWithAdapter } from "../backends/adapter.ts";
import { idxFiles } from "./data.ts";
import { json, put, swivel } from "./run.ts";

const data = () => put("data", idxFiles({ train: 40, test: 24, classes: 4 }));
const NO_DRIVER = { env: { VK_ICD_FILENAMES: "/nowhere.json" } };

await describeWithAdapter("swiftshader", () => {
  it("evaluates where it is told to, and says where and why", async () => {
    await json(["init", "--arch", "mlp-784-500-10", "--input", "1x12x12", "--classes", "4", "--out", "net.safetensors"]);
    const evaluate = (...more: string[]) => json(["eval", "net.safetensors", "--data", data(), ...more]);
    const wasm = await evaluate("--backend", "wasm", "--precision", "f16");
    expect(wasm).toMatchObject({ backend: "wasm", why: "WebAssembly was asked for", precision: "f32", threads: expect.any(Number) });
    expect(wasm.precisionWhy).toBe("WebAssembly computes in f32");
    const gpu = await evaluate("--backend", "webgpu");
    expect(gpu).toMatchObject({ backend: "webgpu", why: "WebGPU was asked for", precision: "f32", n: 24, batch: 16 });
    expect(gpu.adapter).toMatch(/SwiftShader/);
    expect(gpu.accuracy).toBe(wasm.accuracy);
    const auto = await evaluate("--backend", "auto");
    expect(auto).toMatchObject({ backend: "wasm", why: expect.stringMatching(/^the WebGPU adapter is computed by the CPU/) });
    const { stdout } = await swivel(["eval", "net.safetensors", "--data", data(), "--backend", "webgpu"]);
    expect(stdout).toMatch(/ms per image in batches of 16 \(webgpu on SwiftShader.*, f32\)\n$/);
  });

  it("says what is missing where there is no adapter", async () => {
    const args = ["eval", "net.safetensors", "--data", data()];
    const { code, stdout, stderr } = await swivel([...args, "--backend", "webgpu"], NO_DRIVER);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^swivel: E_ADAPTER WebGPU has no adapter here; .*Vulkan driver.*, or take the backend wasm\n$/);
    expect(await json(args, NO_DRIVER)).toMatchObject({ backend: "wasm", why: "WebGPU has no adapter here" });
  });
});
