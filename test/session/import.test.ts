import { createContext, Script } from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { root } from "../../tools/entries.ts";

/** The package as one script, which leaves its exports in `swivel`. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["src/index.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "swivel",
    platform: "neutral",
    target: "es2022",
    logOverride: { "empty-import-meta": "silent" },
  });
  return outputFiles[0]?.text ?? "";
}

describe("importing the package", () => {
  it("works in a realm that has JavaScript's own globals and nothing else, neither a browser's nor Node's", async () => {
    const realm = createContext({});
    const has = (name: string) => new Script(`typeof ${name} !== "undefined"`).runInContext(realm) as boolean;
    expect(["fetch", "process", "document", "URL", "TextDecoder", "Worker", "performance", "atob"].filter(has)).toEqual([]);
    new Script(await bundle()).runInContext(realm);
    expect(new Script("Object.keys(swivel)").runInContext(realm)).toEqual(
      expect.arrayContaining(["Session", "SwivelError", "readModel", "topK", "writeModel"]),
    );
  });

  it("looks at no global that a server might have half of: getters that throw are not touched", async () => {
    const touched: string[] = [];
    const realm = createContext({});
    for (const name of [
      "window",
      "document",
      "navigator",
      "self",
      "process",
      "Worker",
      "OffscreenCanvas",
      "fetch",
      "location",
      "crossOriginIsolated",
      "SharedArrayBuffer",
      "Atomics",
      "WebAssembly",
    ]) {
      Object.defineProperty(realm, name, { configurable: true, get: () => void touched.push(name) });
    }
    new Script(await bundle()).runInContext(realm);
    expect(touched).toEqual([]);
  });
});
