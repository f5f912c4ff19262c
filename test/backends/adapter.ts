/** Tests that need a WebGPU adapter in Node: skipped with the reason where there is none, but failing in CI. */
import { describe, it } from "vitest";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";
import { type SoftwareDriver, useDriver } from "../../tools/vulkan.ts";

const REMEDY: Readonly<Record<SoftwareDriver, string>> = {
  swiftshader: "no WebGPU adapter: install Chromium, whose package holds SwiftShader, or set VK_ICD_FILENAMES to a Vulkan driver",
  lavapipe: "no adapter with half floats: install Mesa's lavapipe, 25 or later (Debian 12: mesa-vulkan-drivers from bookworm-backports)",
};

/** Top-level `await` it: the adapter must be known before tests are collected. One driver per test file. */
export async function describeWithAdapter(driver: SoftwareDriver, tests: () => void): Promise<void> {
  const adapter = useDriver(driver) ? await findAdapter() : undefined;
  const usable = adapter && (driver === "swiftshader" || adapter.features.has("shader-f16"));
  if (usable) describe(adapter.info.description || adapter.info.vendor, tests);
  else if (process.env.CI) {
    it(`WebGPU on ${driver}`, () => {
      throw new Error(REMEDY[driver]);
    });
  } else describe.skip(REMEDY[driver], tests);
}
