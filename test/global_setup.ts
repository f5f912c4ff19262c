import { build } from "../tools/build.ts";

/**
 * Sources import the assembled kernels and the report's bundled styles, so these are built before any test is loaded. `npm test` has done that
 * already and stops where it fails; under `npx vitest` the tests that need no kernels run all the same.
 */
export default async function setup(): Promise<void> {
  try {
    await build("sources");
  } catch (error) {
    console.error(
      `what sources import could not be built, tests that need it will fail: ${error instanceof Error ? error.message : error}`,
    );
  }
}
