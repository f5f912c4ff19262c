import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { root } from "../../tools/entries.ts";
import { licencesOf } from "../../tools/licences.ts";

describe("LICENSES.txt", () => {
  const metafileOf = async (code: string) => {
    const stdin = { contents: code, resolveDir: root };
    return (await build({ stdin, bundle: true, write: false, metafile: true, format: "esm" })).metafile;
  };

  it("holds the notice of every package that a bundle took code from, once", async () => {
    const code = 'import { scaleLinear } from "d3-scale"; import { line } from "d3-shape"; console.log(scaleLinear, line);';
    const text = licencesOf([await metafileOf(code), await metafileOf(code)]);
    const names = text.match(/^[\w@/-]+$/gm) ?? [];
    expect(names.filter((name) => !name.startsWith("---"))).toEqual(
      expect.arrayContaining(["d3-scale", "d3-shape", "d3-path", "d3-format"]),
    );
    expect(text.match(/^d3-scale$/gm)).toHaveLength(1);
    expect(text).toContain("this permission notice appear in all copies");
  });

  it("is not needed where there is only our own code", async () => {
    expect(licencesOf([await metafileOf('export * from "./src/errors.ts";')])).toBe("");
  });
});
