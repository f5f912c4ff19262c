import { describe, expect, it } from "vitest";
import { SwivelError } from "../../src/errors.ts";
import { readModel, Session } from "../../src/index.ts";
import { numbers } from "../../tools/make-golden.ts";
import { damageBytes, damageGraph } from "../model/damage.ts";
import { goldenBytes, goldenImage } from "./golden.ts";

describe.each([
  ["bytes", damageBytes],
  ["graph", damageGraph],
] as const)("models that can be read after random damage to their %s", (_, damage) => {
  it("run, or say with a SwivelError why not", async () => {
    const next = numbers(13);
    const file = goldenBytes();
    for (let loaded = 0; loaded < 60; ) {
      const damaged = damage(file, next);
      try {
        readModel(damaged);
      } catch {
        continue;
      }
      loaded++;
      try {
        using session = await Session.load(damaged, { threads: 1 });
        const { shape = [] } = session.inputs[0] ?? {};
        const size = shape.reduce<number>((product, dim) => product * (dim === "N" ? 2 : dim), 1);
        const outputs = await session.run({ image: goldenImage.length === size ? goldenImage : new Float32Array(size) });
        for (const { name } of session.outputs) expect(outputs[name]?.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof SwivelError)) throw error;
      }
    }
  });
});
