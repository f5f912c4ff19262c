import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel, Session, topK, writeModel } from "../../src/index.ts";
import { pixelsToInput } from "../../src/model/preprocess.ts";
import { failure } from "./failure.ts";
import { expectLogits, goldenBytes, goldenImage, goldenLogits, goldenPath } from "./golden.ts";

describe.each(["auto", "baseline"] as const)("running with simd: %s", (simd) => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.load(goldenPath, { backend: "wasm", simd, threads: 1 });
  });
  afterAll(() => session.dispose());

  it("takes any batch", async () => {
    const one = goldenImage.subarray(0, 192);
    const two = goldenImage.subarray(192);
    expectLogits((await session.run({ image: two })).logits, goldenLogits.slice(4));
    const five = Float32Array.from([two, one, two, two, one].flatMap((image) => [...image]));
    const [a, b] = [goldenLogits.slice(0, 4), goldenLogits.slice(4)];
    expectLogits((await session.run({ image: five })).logits, [...b, ...a, ...b, ...b, ...a]);
    expectLogits((await session.run({ image: one })).logits, a);
  });

  it("takes pixels, one picture or several, and does what preprocessing and numbers do", async () => {
    const picture = (width: number, height: number, shift: number) => ({
      width,
      height,
      data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : (i * 7 + shift) % 256)),
    });
    const pictures = [picture(8, 8, 0), picture(20, 16, 50), picture(3, 5, 100)];
    if (!session.preprocess) throw new Error("the golden model says how it reads pictures");
    const numbers = pixelsToInput(pictures, session.preprocess);
    const wanted = [...((await session.run({ image: numbers })).logits ?? [])];
    expectLogits((await session.run({ image: pictures })).logits, wanted);
    expectLogits((await session.run({ image: pictures[1] as (typeof pictures)[0] })).logits, wanted.slice(4, 8));
  });

  const wrong: [string, unknown, unknown, RegExp][] = [
    ["numbers without a name", goldenImage, {}, /^E_INPUT inputs are given by name: \{ image: … \}/],
    ["nothing", undefined, {}, /^E_INPUT/],
    ["no inputs", {}, {}, /^E_INPUT input "image" is missing/],
    ["an unknown name", { picture: goldenImage }, {}, /^E_INPUT .*no input "picture".*"image"/],
    ["one input too many", { image: goldenImage, mask: goldenImage }, {}, /^E_INPUT .*"mask"/],
    ["a number too few", { image: goldenImage.subarray(1) }, {}, /^E_INPUT .*"image" has 383 elements; expected 192/],
    ["no numbers", { image: new Float32Array(0) }, {}, /^E_INPUT .*"image" has 0 elements/],
    ["integers", { image: new Int32Array(192) }, {}, /^E_INPUT .*Int32Array; expected Float32Array/],
    ["float64", { image: new Float64Array(192) }, {}, /^E_INPUT .*Float64Array; expected Float32Array/],
    ["a list of numbers", { image: [1, 2, 3] }, {}, /^E_INPUT .*"image" is a list of other things than pictures/],
    ["text", { image: "cat.png" }, {}, /^E_INPUT .*"image" is string; expected numbers \(Float32Array\) or pictures/],
    ["null", { image: null }, {}, /^E_INPUT .*"image"/],
    ["an empty list", { image: [] }, {}, /^E_INPUT .*empty list/],
    [
      "pixels that are too few",
      { image: { width: 8, height: 8, data: new Uint8Array(192) } },
      {},
      /^E_INPUT picture of 8x8 with 192 bytes/,
    ],
    ["pixels of floats", { image: { width: 1, height: 1, data: new Float32Array(4) } }, {}, /^E_INPUT .*Float32Array; expected RGBA bytes/],
    ["a picture of no size", { image: { width: 0, height: 0, data: new Uint8Array(0) } }, {}, /^E_INPUT picture of 0x0/],
    [
      "an unknown output",
      { image: goldenImage },
      { outputs: ["probabilities"] },
      /^E_INPUT the model has no output "probabilities"; it has logits/,
    ],
    ["outputs that are no list", { image: goldenImage }, { outputs: "logits" }, /^E_OPTION outputs is logits; expected a list/],
    ["an unknown option", { image: goldenImage }, { output: "logits" }, /^E_OPTION run has no option "output"/],
    ["a signal that is none", { image: goldenImage }, { signal: "stop" }, /^E_OPTION signal/],
    ["a signal that has fired", { image: goldenImage }, { signal: AbortSignal.abort() }, /^E_ABORTED/],
  ];
  it.each(wrong)("refuses %s, and still runs afterwards", async (_, inputs, options, message) => {
    expect(await failure(session.run(inputs as never, options as never))).toMatch(message);
    expectLogits((await session.run({ image: goldenImage })).logits);
  });

  it("refuses pictures where the model does not say how it reads them", async () => {
    const { graph, tensors } = readModel(goldenBytes());
    using bare = await Session.load(writeModel({ graph, tensors }), { simd });
    expect(await failure(bare.run({ image: { width: 8, height: 8, data: new Uint8Array(256) } }))).toMatch(
      /^E_INPUT .*does not say how it reads pictures/,
    );
    expect(bare.info).toEqual({});
  });

  it("explains itself", async () => {
    await session.run({ image: goldenImage });
    const explanation = session.explain();
    expect(explanation).toMatchObject({ backend: "wasm", threads: 1, threadsWhy: "one thread was asked for", macs: 23_360 });
    expect(explanation).toMatchObject({ why: "WebAssembly was asked for", precision: "f32" });
    expect(explanation).not.toHaveProperty("precisionWhy");
    expect(explanation.simd).toBe(simd === "baseline" ? "baseline" : "relaxed");
    // folded and fused: conv, conv, pool, linear
    expect(explanation.steps).toBe(4);
    expect(explanation.bytes.weights).toBeGreaterThan(4 * 750);
  });

  it("runs in f32 where f16 was asked for, and says why", async () => {
    using half = await Session.load(goldenPath, { backend: "wasm", simd, precision: "f16" });
    expectLogits((await half.run({ image: goldenImage })).logits);
    expect(half.explain()).toMatchObject({ precision: "f32", precisionWhy: "WebAssembly computes in f32" });
  });

  it("warms up for any batch", async () => {
    await session.warmup();
    await session.warmup(5);
    expect(session.explain().bytes.activations).toBeGreaterThan(4 * 5 * 192);
    for (const batch of [0, 1.5, "2"]) expect(await failure(session.warmup(batch as number))).toMatch(/^E_OPTION batch is/);
  });

  it("profiles each node", async () => {
    const times = await session.profile({ image: goldenImage });
    expect(times.map(({ op }) => op)).toEqual(["conv2d", "conv2d", "max_pool", "flatten", "linear"]);
    expect(times.every(({ ms }) => ms >= 0)).toBe(true);
  });
});

describe("topK", () => {
  it("gives the best first, the first of equals, and names where there are any", () => {
    expect(topK(Float32Array.of(1, 3, 3, -1), 3)).toEqual([
      { index: 1, score: 3 },
      { index: 2, score: 3 },
      { index: 0, score: 1 },
    ]);
    expect(topK([0.1, 0.9], 5, ["cat", "dog"])).toEqual([
      { index: 1, score: 0.9, name: "dog" },
      { index: 0, score: 0.1, name: "cat" },
    ]);
  });
});
