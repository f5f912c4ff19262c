/** Tests that need a WebGPU adapter in Node: skipped with the reason where there is none, but failing in CI. */
import { describe, it } from "vitest";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";
import { type SoftwareDriver, useDriver } from "../../tools/vulkan.ts";

const REMEDY: Readonly<Record<SoftwareDriver, string>> = {
  swiftshader: "no WebGPU adapter: install Chromium, whose package holds SwiftShader, or set VK_ICD_FILENAMES to a Vulkan driver",
  lavapipe: "no adapter with half floats: install Mesa's lavapipe, 25 or later (Debian 12: mesa-vulkan-drivers from bookworm-backports)",
};

/**
 * Dawn in Node asks for its events once in each turn of the event loop until some have come, which takes a core from the driver that is to make them.
 * Here it waits for a millisecond after so many questions.
 */
const POLLS = 16;

function restBetweenPolls(): void {
  const immediate = globalThis.setImmediate;
  let polls = 0;
  const rested = (callback: () => void) => (++polls % POLLS === 0 ? setTimeout(callback, 1) : immediate(callback));
  globalThis.setImmediate = Object.assign(rested, immediate) as typeof immediate;
}

/** Top-level `await` it: the adapter must be known before tests are collected. One driver per test file. */
export async function describeWithAdapter(driver: SoftwareDriver, tests: () => void): Promise<void> {
  restBetweenPolls();
  const adapter = useDriver(driver) ? await findAdapter() : undefined;
  const usable = adapter && (driver === "swiftshader" || adapter.features.has("shader-f16"));
  if (usable) describe(adapter.info.description || adapter.info.vendor, tests);
  else if (process.env.CI) {
    it(`WebGPU on ${driver}`, () => {
      throw new Error(REMEDY[driver]);
    });
  } else describe.skip(REMEDY[driver], tests);
}
