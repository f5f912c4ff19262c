import { build } from "../tools/build.ts";

/**
 * Sources import the assembled kernels, so these are built before any test is loaded. `npm test` has done that already and stops where it fails;
 * under `npx vitest` the tests that need no kernels run all the same.
 */
export default async function setup(): Promise<void> {
  try {
    await build("wasm");
  } catch (error) {
    console.error(`the kernels could not be built, tests that run them will fail: ${error instanceof Error ? error.message : error}`);
  }
}
