import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "../tools/build.ts";
import { root } from "../tools/entries.ts";

/**
 * SwiftShader reads this file in the directory that it starts in. With a thread for each core its threads wait for one another, and beside other tests
 * a dispatch takes five times as long as with one thread.
 */
const driverSettings = join(root, "SwiftShader.ini");

/**
 * Sources import the assembled kernels and the report's bundled styles, so these are built before any test is loaded. `npm test` has done that
 * already and stops where it fails; under `npx vitest` the tests that need no kernels run all the same.
 */
export default async function setup(): Promise<() => void> {
  writeFileSync(driverSettings, "[Processor]\nThreadCount=1\n");
  try {
    await build("sources");
  } catch (error) {
    console.error(
      `what sources import could not be built, tests that need it will fail: ${error instanceof Error ? error.message : error}`,
    );
  }
  return () => rmSync(driverSettings, { force: true });
}
