/** Vulkan drivers for Dawn in Node: the software ones that come with Chromium (SwiftShader) and with Mesa (lavapipe, which has half floats). */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium } from "./browser.ts";

export type SoftwareDriver = "swiftshader" | "lavapipe";

/** The driver's description file, which VK_ICD_FILENAMES names; undefined where it is not installed. */
export function findDriver(driver: SoftwareDriver): string | undefined {
  if (driver === "lavapipe") {
    const names = ["lvp_icd.json", `lvp_icd.${process.arch === "arm64" ? "aarch64" : "x86_64"}.json`];
    return names.map((name) => `/usr/share/vulkan/icd.d/${name}`).find(existsSync);
  }
  const chromium = findChromium();
  const dirs = [...(chromium ? [dirname(realpathSync(chromium))] : []), "/usr/lib/chromium", "/opt/google/chrome"];
  return dirs.map((dir) => join(dir, "vk_swiftshader_icd.json")).find(existsSync);
}

/**
 * Makes Dawn use a software driver, so that tests mean the same everywhere; call it before the first adapter is asked for. A driver that
 * VK_ICD_FILENAMES names already stays. Returns whether there is one.
 */
export function useDriver(driver: SoftwareDriver): boolean {
  if (driver === "swiftshader" && process.env.VK_ICD_FILENAMES) return true;
  const file = findDriver(driver);
  if (file !== undefined) process.env.VK_ICD_FILENAMES = file;
  return file !== undefined;
}
