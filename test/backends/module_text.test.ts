/** Modules as text: what ships is what was assembled. */
import { expect, it } from "vitest";
import { fromText } from "../../src/backends/wasm/binary.ts";
import { toText } from "../../tools/module_text.ts";
import { Random } from "../../training/index.ts";

it("every byte comes back, beside every other", () => {
  const random = new Random("bytes");
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i < 256 ? i : random.int(256)));
  const text = toText(bytes);
  expect(text).toMatch(/^[ !#-[\]-~]+$/);
  expect(fromText(text)).toEqual(bytes);
  expect(fromText(toText(new Uint8Array()))).toEqual(new Uint8Array());
});
