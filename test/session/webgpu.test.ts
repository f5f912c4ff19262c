/** Sessions on WebGPU, in Node by Dawn on SwiftShader: which backend runs and why, and how runs get along with each other. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Explanation, type Progress, Session } from "../../src/index.ts";
import type { SessionOptions } from "../../src/options.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { watchBuffers } from "../backends/live_buffers.ts";
import { expectLogits, goldenImage, goldenPath } from "./golden.ts";
import { type FakeGpu, hardware, installGpu, limitBuffers, slowWasm } from "./gpu.ts";
import { expectRuns, expectTiny, imageOf, messageOf, tinyModel } from "./tiny.ts";

const model = tinyModel();
const webgpu = { backend: "webgpu" } as const;

await describeWithAdapter("swiftshader", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  describe("WebGPU asked for", () => {
    it("runs, and says where and why", async () => {
      using session = await Session.load(model, webgpu);
      await expectRuns(session);
      const explanation = session.explain();
      expect(explanation).toMatchObject({ backend: "webgpu", why: "WebGPU was asked for", precision: "f32", threads: 1, steps: 3 });
      expect(explanation.adapter).toMatch(/SwiftShader/);
      expect(explanation.bytes.weights).toBeGreaterThanOrEqual(8);
      expect((await session.profile({ image: imageOf(2) })).map(({ op }) => op)).toEqual(["relu", "add", "global_avg_pool"]);
      await session.warmup();
    });

    it("gives the golden model's logits, and those of pictures that Wasm gives", async () => {
      using session = await Session.load(goldenPath, webgpu);
      expectLogits((await session.run({ image: goldenImage })).logits);
      const picture = { width: 20, height: 16, data: new Uint8Array(1280).map((_, i) => (i * 7) % 256) };
      using wasm = await Session.load(goldenPath, { backend: "wasm" });
      const wanted = (await wasm.run({ image: [picture, picture] })).logits;
      expectLogits((await session.run({ image: [picture, picture] })).logits, [...(wanted ?? [])]);
    });

    it("throws E_ADAPTER with what would help where there is no adapter, or it gives no device", async () => {
      await installGpu({ present: false });
      expect(await messageOf(Session.load(model, webgpu))).toMatch(
        /^E_ADAPTER WebGPU has no adapter here; .*Vulkan driver.* or take the backend wasm/,
      );
      await installGpu({
        onDevice: () => {
          throw new TypeError("too many devices");
        },
      });
      expect(await messageOf(Session.load(model, webgpu))).toMatch(
        /^E_ADAPTER the adapter gave no device: too many devices; take the backend wasm/,
      );
    });

    it("tells of each pipeline, and lets errors of the progress function through", async () => {
      const seen: Progress[] = [];
      using _ = await Session.load(model, { ...webgpu, onProgress: (progress) => seen.push(progress) });
      const compiled = seen.filter(({ phase }) => phase === "compile").map(({ pipelines }) => pipelines);
      expect(compiled).toEqual([1, 2, 3].map((done) => ({ done, total: 3 })));
      expect(seen.every(({ loaded, total }) => loaded === total)).toBe(true);
      const devices = await installGpu({ info: hardware });
      const onProgress = () => {
        throw new RangeError("of my own");
      };
      for (const backend of ["webgpu", "auto"] as const)
        await expect(Session.load(model, { backend, onProgress })).rejects.toThrow(RangeError);
      for (const device of devices) await device.lost;
    });

    it("stops compiling when its signal fires, and lets go of the device", async () => {
      const controller = new AbortController();
      const devices = await installGpu({ onDevice: () => controller.abort() });
      expect(await messageOf(Session.load(model, { ...webgpu, signal: controller.signal }))).toMatch(/^E_ABORTED loading/);
      for (const device of devices) expect((await device.lost).reason).toBe("destroyed");
    });

    it("runs in f32 where the device has no half floats, and says so", async () => {
      await installGpu({ hidden: ["shader-f16"] });
      using session = await Session.load(model, { ...webgpu, precision: "f16" });
      await expectRuns(session);
      expect(session.explain()).toMatchObject({
        precision: "f32",
        precisionWhy: expect.stringMatching(/SwiftShader.* has no feature shader-f16/),
      });
    });
  });

  describe("runs of one session", () => {
    it("may overlap, on batches of any size: each gets the outputs of its own inputs, in order", async () => {
      using session = await Session.load(model, webgpu);
      const order: number[] = [];
      const runs = Array.from({ length: 40 }, async (_, i) => {
        const image = imageOf(i, 1 + (i % 7));
        expectTiny(image, await session.run({ image }));
        order.push(i);
      });
      await Promise.all(runs);
      expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    it("can be aborted, waiting or under way, and let the others be", async () => {
      using session = await Session.load(model, webgpu);
      const image = imageOf(3);
      const controllers = Array.from({ length: 6 }, () => new AbortController());
      const runs = controllers.map(({ signal }) => session.run({ image }, { signal }));
      setTimeout(() => controllers[5]?.abort());
      controllers[0]?.abort();
      controllers[3]?.abort();
      const results = await Promise.allSettled(runs);
      for (const [i, result] of results.entries()) {
        if (i === 0 || i === 3) expect(String((result as PromiseRejectedResult).reason)).toMatch(/E_ABORTED/);
        else if (i < 5) expectTiny(image, (result as PromiseFulfilledResult<Record<string, Float32Array>>).value);
      }
      expect(await messageOf(session.run({ image }, { signal: AbortSignal.abort() }))).toMatch(/^E_ABORTED/);
      await expectRuns(session);
    });

    it("refuse what does not fit, and go on", async () => {
      using session = await Session.load(model, webgpu);
      expect(await messageOf(session.run({ image: new Float32Array(5) }))).toMatch(/^E_INPUT input "image" has 5 elements; expected 32/);
      expect(await messageOf(session.run({}))).toMatch(/^E_INPUT input "image" is missing/);
      await expectRuns(session);
    });

    it("end with E_DISPOSED when the session is disposed of, and its device and buffers with them", async () => {
      const devices = await installGpu();
      const session = await Session.load(model, webgpu);
      const live = watchBuffers(devices[0] as GPUDevice);
      const runs = Array.from({ length: 5 }, (_, i) => session.run({ image: imageOf(i, i + 1) }));
      runs.push(session.profile({ image: imageOf(1) }) as never);
      session.dispose();
      for (const run of runs) expect(await messageOf(run)).toMatch(/^E_DISPOSED/);
      expect((await devices[0]?.lost)?.reason).toBe("destroyed");
      expect(live().count).toBe(0);
    });
  });

  describe("backend: auto", () => {
    const why = async (fake: FakeGpu, options: SessionOptions = {}): Promise<Explanation> => {
      await installGpu(fake);
      using session = await Session.load(model, options);
      await expectRuns(session);
      return session.explain();
    };

    it("takes Wasm where there is no adapter, or only one that the CPU computes", async () => {
      expect(await why({ present: false })).toMatchObject({ backend: "wasm", why: "WebGPU has no adapter here" });
      const software = /^the WebGPU adapter is computed by the CPU \(SwiftShader.*\), where WebAssembly is faster$/;
      expect(await why({})).toMatchObject({ backend: "wasm", why: expect.stringMatching(software) });
      expect(await why({ info: { vendor: "google", isFallbackAdapter: true } })).toMatchObject({ backend: "wasm" });
    });

    it("measures both where the adapter is a real one, says both figures, and frees the slower", async () => {
      const devices = await installGpu({ info: hardware });
      using session = await Session.load(model, { onProgress: () => {} });
      await expectRuns(session);
      const { backend, why } = session.explain();
      expect(why).toMatch(
        /^(WebGPU on Acme 3000 takes [\d.]+ ms a run, WebAssembly [\d.]+ ms|WebAssembly takes [\d.]+ ms a run, WebGPU on Acme 3000 [\d.]+ ms)$/,
      );
      expect(why.startsWith(backend === "wasm" ? "WebAssembly" : "WebGPU")).toBe(true);
      if (backend === "wasm") expect((await devices[0]?.lost)?.reason).toBe("destroyed");
    });

    it("takes WebGPU where that is faster, and leaves it when its memory is exhausted", async () => {
      const devices = await installGpu({ info: hardware, onDevice: (device) => limitBuffers(device, 4096) });
      using slower = slowWasm();
      const told: Explanation[] = [];
      using session = await Session.load(model, { onFallback: (explanation) => told.push(explanation) });
      slower.restore();
      expect(session.explain()).toMatchObject({ backend: "webgpu", why: expect.stringMatching(/^WebGPU on Acme 3000 takes/) });
      await expectRuns(session);
      const large = imageOf(1, 64);
      const runs = [imageOf(2), large, imageOf(3), large].map(async (image) => expectTiny(image, await session.run({ image })));
      await Promise.all(runs);
      expect(told).toHaveLength(1);
      expect(session.explain()).toMatchObject({
        backend: "wasm",
        why: expect.stringMatching(/^WebGPU failed: value "\w+" needs .* MB in one buffer/),
      });
      expect((await devices[0]?.lost)?.reason).toBe("destroyed");
    });

    it("takes WebGPU where WebAssembly does not start", async () => {
      await installGpu({ info: hardware });
      using session = await Session.load(model, { wasmUrl: "http://127.0.0.1:1/" });
      await expectRuns(session);
      expect(session.explain()).toMatchObject({ backend: "webgpu", why: "WebAssembly does not start" });
    });

    it("takes Wasm, and says why, where WebGPU fails on a real adapter", async () => {
      const failures: [NonNullable<FakeGpu["onDevice"]>, RegExp][] = [
        [
          () => {
            throw new TypeError("no device today");
          },
          /^WebGPU failed on Acme 3000: the adapter gave no device: no device today$/,
        ],
        [(device) => device.destroy(), /^WebGPU failed on Acme 3000: the GPU device was lost: it was destroyed$/],
        [
          (device) => {
            device.createComputePipelineAsync = () => Promise.reject(new Error("driver in trouble"));
          },
          /^WebGPU failed on Acme 3000: the shader \w+ did not compile: .*driver in trouble$/,
        ],
        [(device) => limitBuffers(device, 100), /^WebGPU failed on Acme 3000: "slope" needs .* MB in one buffer, the GPU takes/],
        [
          (device) => {
            device.queue.submit = () => {
              throw new Error("a bad day");
            };
          },
          /^WebGPU failed: a bad day$/,
        ],
      ];
      for (const [onDevice, reason] of failures)
        expect(await why({ info: hardware, onDevice })).toMatchObject({ backend: "wasm", why: expect.stringMatching(reason) });
    });
  });
});
