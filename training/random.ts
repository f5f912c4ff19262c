/** The seeded generator of the runtime, where training looks for it. */
export { Random } from "../src/random.ts";
