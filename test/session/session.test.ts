import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SwivelError } from "../../src/errors.ts";
import { type Progress, readModel, Session, topK, writeModel } from "../../src/index.ts";
import { pixelsToInput } from "../../src/model/preprocess.ts";
import type { SessionOptions } from "../../src/options.ts";
import { optimize } from "../../src/passes/index.ts";
import { expectLogits, goldenBytes, goldenImage, goldenLogits, goldenPath } from "./golden.ts";

/** The code and message of the SwivelError that a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (!(error instanceof SwivelError)) throw error;
  return error.message;
}

describe("loading", () => {
  const dir = mkdtempSync(join(tmpdir(), "swivel session "));
  let server: Server;
  let base = "";

  beforeAll(async () => {
    const bytes = goldenBytes();
    server = createServer((request, response) => {
      if (request.url === "/model") response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
      else if (request.url === "/chunked") response.write(bytes.subarray(0, 1000), () => response.end(bytes.subarray(1000)));
      else if (request.url === "/page") response.writeHead(200, { "Content-Type": "text/html" }).end("<!DOCTYPE html><html></html>");
      else if (request.url === "/cut")
        response.writeHead(200, { "Content-Length": bytes.length }).write(bytes.subarray(0, 500), () => response.destroy());
      else if (request.url === "/slow") response.writeHead(200, { "Content-Length": bytes.length }).write(bytes.subarray(0, 500));
      else if (request.url === "/broken") response.writeHead(500, "Broken").end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });

  it("takes a path, a file URL, an address and bytes", async () => {
    const bytes = goldenBytes();
    const path = join(dir, "a model.safetensors");
    copyFileSync(goldenPath, path);
    const offset = new Uint8Array(bytes.length + 1);
    offset.set(bytes, 1);
    const sources = [
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      `${base}/model`,
      new URL(`${base}/chunked`),
      bytes,
      bytes.buffer,
      offset.subarray(1),
      Buffer.from(bytes),
    ];
    for (const source of sources) {
      using session = await Session.load(source);
      expectLogits((await session.run({ image: goldenImage })).logits);
    }
  });

  it("knows what the model file says", async () => {
    using session = await Session.load(goldenPath);
    expect(session.inputs).toEqual([{ name: "image", dtype: "f32", shape: ["N", 3, 8, 8] }]);
    expect(session.outputs).toEqual([{ name: "logits", dtype: "f32", shape: ["N", 4] }]);
    expect(session.classNames?.[3]).toBe("Stern ☆");
    expect(session.preprocess?.order).toBe("RGB");
    expect(session.info).toHaveProperty("purpose");
  });

  it("reports progress, and the total where the server says it", async () => {
    const size = goldenBytes().length;
    for (const [path, total] of [
      ["model", size],
      ["chunked", undefined],
    ] as const) {
      const seen: Progress[] = [];
      (await Session.load(`${base}/${path}`, { onProgress: (progress) => seen.push(progress) })).dispose();
      expect(seen[0]).toEqual({ phase: "read", loaded: 0, total });
      expect(seen.at(-1)).toEqual({ phase: "read", loaded: size, total });
      expect(seen.every(({ loaded }, i) => i === 0 || loaded > (seen[i - 1]?.loaded ?? 0))).toBe(true);
    }
  });

  it.each([
    ["a path that does not exist", () => join(dir, "nothing.safetensors"), /^E_NOT_FOUND .*nothing.safetensors/],
    ["a folder", () => dir, /^E_NOT_FOUND .*swivel session/],
    ["an address that answers 404", () => `${base}/nothing`, /^E_NOT_FOUND .*404/],
    ["an address that answers 500", () => `${base}/broken`, /^E_IO .*500 Broken/],
    ["a port where nobody listens", () => "http://127.0.0.1:1/model", /^E_OFFLINE .*127.0.0.1:1/],
    ["a connection that breaks off", () => `${base}/cut`, /^E_IO .*broke off after 500 bytes/],
    ["a web page", () => `${base}/page`, /^E_TOO_LARGE .*web page/],
    ["bytes of something else", () => new Uint8Array(100), /^E_FORMAT/],
    ["nothing", () => undefined as never, /^E_INPUT the model's source is Undefined/],
    ["a number", () => 7 as never, /^E_INPUT the model's source is Number/],
    ["half a file", () => goldenBytes().subarray(0, 4000), /^E_TRUNCATED/],
  ])("says what is wrong with %s", async (_, source, message) => {
    expect(await failure(Session.load(source()))).toMatch(message);
  });

  it("lets errors of the progress function through", async () => {
    const onProgress = () => {
      throw new RangeError("of my own");
    };
    await expect(Session.load(`${base}/model`, { onProgress })).rejects.toThrow(RangeError);
  });

  it("stops where its signal fires: before, and during the download", async () => {
    expect(await failure(Session.load(goldenPath, { signal: AbortSignal.abort() }))).toMatch(/^E_ABORTED loading/);
    const controller = new AbortController();
    const loading = Session.load(`${base}/slow`, {
      signal: controller.signal,
      onProgress: ({ loaded }) => loaded >= 500 && controller.abort(),
    });
    expect(await failure(loading)).toMatch(/^E_ABORTED loading/);
  });

  const options: [string, object, RegExp][] = [
    ["an unknown option", { thread: 2 }, /^E_OPTION Session.load has no option "thread"; it has .*threads/],
    ["an unknown backend", { backend: "cuda" }, /^E_OPTION backend is cuda; expected auto, webgpu, wasm/],
    ["zero threads", { threads: 0 }, /^E_OPTION threads is 0/],
    ["half a thread", { threads: 1.5 }, /^E_OPTION threads is 1.5/],
    ["threads in words", { threads: "two" }, /^E_OPTION threads is two/],
    ["an unknown SIMD level", { simd: "avx" }, /^E_OPTION simd is avx; expected auto, relaxed, baseline/],
    ["an unknown precision", { precision: "f64" }, /^E_OPTION precision is f64/],
    ["a worker by name", { worker: "yes" }, /^E_OPTION worker is yes/],
    ["a relative wasmUrl where there is no page", { wasmUrl: "wasm/" }, /^E_OPTION wasmUrl is wasm\//],
    ["progress to nowhere", { onProgress: true }, /^E_OPTION onProgress/],
    ["a signal that is none", { signal: {} }, /^E_OPTION signal/],
    ["a fallback to nowhere", { onFallback: "wasm" }, /^E_OPTION onFallback is no function/],
    ["no object", "wasm" as never, /^E_OPTION/],
    ["a device by name", { device: "gpu" }, /^E_OPTION device is no GPUDevice/],
    [
      "a device in a worker",
      { device: { createComputePipelineAsync() {} }, worker: true },
      /^E_OPTION a GPUDevice cannot go into a worker/,
    ],
    ["a device for Wasm", { device: { createComputePipelineAsync() {} }, backend: "wasm" }, /^E_OPTION backend "wasm" uses no GPUDevice/],
  ];
  it.each(options)("refuses %s", async (_, wrong, message) => {
    expect(await failure(Session.load(goldenPath, wrong as SessionOptions))).toMatch(message);
  });

  it("reads a checkpoint like any model, and half floats", async () => {
    const model = readModel(goldenBytes());
    const training = { tensors: { "sgd.velocity": { shape: [3], data: new Float32Array(3) } }, metadata: { recipe: "{}" } };
    using checkpoint = await Session.load(writeModel({ ...model, training }));
    expectLogits((await checkpoint.run({ image: goldenImage })).logits);
    using half = await Session.load(writeModel(model, { floats: "F16" }));
    const { logits } = await half.run({ image: goldenImage });
    goldenLogits.forEach((value, i) => void expect(logits?.[i]).toBeCloseTo(value, 1));
  });

  it("reads a packed model: one that was folded and fused before it was written", async () => {
    const model = readModel(goldenBytes());
    using packed = await Session.load(writeModel({ ...model, ...optimize(model.graph, model.tensors) }));
    expectLogits((await packed.run({ image: goldenImage })).logits);
    expect(packed.explain().steps).toBe(4);
  });

  it("is disposed of by `using`, and twice does no harm", async () => {
    const path = join(dir, "b.safetensors");
    writeFileSync(path, goldenBytes());
    let kept: Session;
    {
      using session = await Session.load(path);
      kept = session;
      await session.warmup();
    }
    kept.dispose();
    expect(await failure(kept.run({ image: goldenImage }))).toMatch(/^E_DISPOSED/);
    expect(await failure(kept.profile({ image: goldenImage }))).toMatch(/^E_DISPOSED/);
    expect(await failure(kept.warmup())).toMatch(/^E_DISPOSED/);
    expect(() => kept.explain()).toThrow(/^E_DISPOSED/);
    expect(kept.classNames).toHaveLength(4);
  });
});

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
