/** Sessions on WebGPU, in Node by Dawn on SwiftShader: which backend runs and why, whose device it is, and what happens when it goes. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WasmExecutable } from "../../src/backends/wasm/executable.ts";
import type { Explanation, Progress } from "../../src/index.ts";
import { Session } from "../../src/index.ts";
import type { SessionOptions } from "../../src/options.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { watchBuffers } from "../backends/live_buffers.ts";
import { expectLogits, goldenImage, goldenPath } from "./golden.ts";
import { type FakeGpu, installGpu, ownDevice, tinyModel, tinyOutputs } from "./gpu.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const model = tinyModel();
const webgpu = { backend: "webgpu" } as const;
const hardware = { vendor: "acme", description: "Acme 3000" } as const;

const imageOf = (seed: number, batch = 1): Float32Array => new Float32Array(32 * batch).map((_, i) => ((i * 7 + seed * 13) % 29) / 14 - 1);

function expectTiny(image: Float32Array, outputs: Record<string, Float32Array>): void {
  const wanted = tinyOutputs(image);
  expect(outputs.mean).toHaveLength(wanted.length);
  wanted.forEach((value, i) => void expect(Math.abs((outputs.mean?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-5));
}

async function expectRuns(session: Session): Promise<void> {
  for (const batch of [1, 3]) expectTiny(imageOf(1, batch), await session.run({ image: imageOf(1, batch) }));
}

const messageOf = (promise: Promise<unknown>): Promise<string> => promise.then(String, (error: Error) => error.message);

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
      const software = /^the only WebGPU adapter is computed by the CPU \(SwiftShader.*\), where WebAssembly is faster$/;
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

  describe("a device of the app's own", () => {
    it("is shared: never destroyed, left as it was, and its own errors are its own", async () => {
      const device = await ownDevice();
      const live = watchBuffers(device);
      const errors: string[] = [];
      device.addEventListener("uncapturederror", (event) => {
        event.preventDefault();
        errors.push((event as GPUUncapturedErrorEvent).error.message);
      });
      const session = await Session.load(model, { ...webgpu, device });
      const other = await Session.load(model, { ...webgpu, device });
      device.createBuffer({ size: 16, usage: 0x1 | 0x80 });
      await expectRuns(session);
      session.dispose();
      await expectRuns(other);
      other.dispose();
      await device.queue.onSubmittedWorkDone();
      expect(errors).toHaveLength(1);
      // the app's one
      expect(live().count).toBe(1);
      expect(await Promise.race([device.lost, Promise.resolve("alive")])).toBe("alive");
      device.destroy();
    });

    it("that is lost is replaced by one of Swivel's own, which is said", async () => {
      const device = await ownDevice();
      const told: Explanation[] = [];
      using session = await Session.load(model, { ...webgpu, device, onFallback: (explanation) => told.push(explanation) });
      await expectRuns(session);
      device.destroy();
      await expectRuns(session);
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({ backend: "webgpu", why: "the GPU device was lost (it was destroyed), and this is a new one" });
      expect(session.explain()).toMatchObject({ backend: "webgpu", why: told[0]?.why });
    });

    it("that was lost before is replaced too", async () => {
      const device = await ownDevice();
      device.destroy();
      expect(await messageOf(Session.load(model, { ...webgpu, device }))).toMatch(
        /^E_DEVICE_LOST the GPU device was lost: it was destroyed/,
      );
      using session = await Session.load(model, { device });
      expect(session.explain().backend).toBe("wasm");
    });
  });

  describe("a device that is lost", () => {
    it("in the middle of runs: all complete, with the outputs that they would have had", async () => {
      const told: Explanation[] = [];
      const devices = await installGpu();
      using session = await Session.load(model, { ...webgpu, onFallback: (explanation) => told.push(explanation) });
      const images = Array.from({ length: 30 }, (_, i) => imageOf(i, 1 + (i % 3)));
      const runs = images.map(async (image, i) => {
        const outputs = await session.run({ image });
        if (i === 4) devices[0]?.destroy();
        return outputs;
      });
      for (const [i, outputs] of (await Promise.all(runs)).entries()) expectTiny(images[i] as Float32Array, outputs);
      expect(devices).toHaveLength(2);
      expect(told).toHaveLength(1);
      expect(session.explain()).toMatchObject({ backend: "webgpu", why: expect.stringMatching(/^the GPU device was lost .* new one$/) });
      await expectRuns(session);
    });

    it("while it profiles", async () => {
      const devices = await installGpu();
      using session = await Session.load(model, webgpu);
      const profile = session.profile({ image: imageOf(1) });
      devices[0]?.destroy();
      expect(await profile).toHaveLength(3);
    });

    it("again and again: ends on Wasm, and says so", async () => {
      const told: Explanation[] = [];
      const devices = await installGpu();
      using session = await Session.load(model, { ...webgpu, onFallback: (explanation) => told.push(explanation) });
      for (let loss = 0; loss < 4; loss++) {
        devices.at(-1)?.destroy();
        await expectRuns(session);
      }
      expect(devices).toHaveLength(3);
      expect(told.map(({ backend }) => backend)).toEqual(["webgpu", "webgpu", "wasm"]);
      expect(session.explain().why).toBe("the GPU device was lost (it was destroyed), like 2 before it within minutes");
    });

    it("as soon as it is opened, each time: ends on Wasm", async () => {
      let lose = false;
      const devices = await installGpu({ onDevice: (device) => lose && device.destroy() });
      using session = await Session.load(model, webgpu);
      lose = true;
      devices[0]?.destroy();
      await expectRuns(session);
      expect(devices).toHaveLength(3);
      expect(session.explain().backend).toBe("wasm");
    });

    it("with the adapter, or leaving a software one: goes on with Wasm", async () => {
      const fake: FakeGpu = {};
      const devices = await installGpu(fake);
      using session = await Session.load(model, webgpu);
      fake.present = false;
      devices[0]?.destroy();
      await expectRuns(session);
      const gone = "the GPU device was lost (it was destroyed), and no other is to be had: WebGPU has no adapter here";
      expect(session.explain()).toMatchObject({ backend: "wasm", why: gone });
    });

    it("and a session that is disposed of or a run that is aborted meanwhile do not wait for the new one", async () => {
      const devices = await installGpu();
      const session = await Session.load(model, webgpu);
      devices[0]?.destroy();
      await devices[0]?.lost;
      const controller = new AbortController();
      const aborted = session.run({ image: imageOf(1) }, { signal: controller.signal });
      const run = session.run({ image: imageOf(1) });
      await new Promise((resolve) => setTimeout(resolve));
      controller.abort();
      expect(await messageOf(aborted)).toMatch(/^E_ABORTED/);
      session.dispose();
      expect(await messageOf(run)).toMatch(/^E_DISPOSED/);
      for (const device of devices) await device.lost;
    });
  });

  describe("a command that the device refuses", () => {
    it("fails the runs after it where WebGPU was asked for, and leads to Wasm in auto", async () => {
      for (const backend of ["webgpu", "auto"] as const) {
        const devices = await installGpu({ info: hardware });
        // measured, WebGPU must be the faster one
        using _ = backend === "auto" ? slowWasm() : undefined;
        using session = await Session.load(model, { backend });
        devices[0]?.createBuffer({ size: 16, usage: 0x1 | 0x80 });
        await devices[0]?.queue.onSubmittedWorkDone();
        if (backend === "webgpu")
          expect(await messageOf(session.run({ image: imageOf(1) }))).toMatch(/^E_BACKEND WebGPU refused a command: /);
        else {
          await expectRuns(session);
          expect(session.explain()).toMatchObject({
            backend: "wasm",
            why: expect.stringMatching(/^WebGPU failed: WebGPU refused a command/),
          });
        }
      }
    });
  });

  describe("no memory", () => {
    it("names the buffer where WebGPU was asked for, and the session goes on with smaller batches", async () => {
      await installGpu({ onDevice: (device) => limitBuffers(device, 4096) });
      using session = await Session.load(model, webgpu);
      expect(await messageOf(session.run({ image: imageOf(1, 64) }))).toMatch(/^E_MEMORY value "\w+" needs .*; run a smaller batch/);
      await expectRuns(session);
      expect(session.explain().backend).toBe("webgpu");
    });
  });

  describe("10,000 inferences", () => {
    it("leave no buffer and no memory behind", async () => {
      const devices = await installGpu();
      using session = await Session.load(model, webgpu);
      const live = watchBuffers(devices[0] as GPUDevice);
      const images = [imageOf(1), imageOf(2, 2)];
      const some = async (count: number) => {
        for (let i = 0; i < count; i += 20)
          await Promise.all(
            Array.from({ length: 20 }, (_, k) => k % 2).map((which) => session.run({ image: images[which] as Float32Array })),
          );
      };
      await some(1000);
      const before = { buffers: live(), bytes: await heldBytes() };
      await some(10_000);
      expect(live().count).toBeLessThanOrEqual(before.buffers.count);
      expect((await heldBytes()) - before.bytes).toBeLessThan(1_000_000);
    }, 240_000);

    it("nor do sessions", async () => {
      const devices = await installGpu();
      const some = async (count: number) => {
        for (let i = 0; i < count; i++) {
          using session = await Session.load(model, webgpu);
          await session.run({ image: imageOf(i) });
        }
        devices.length = 0;
      };
      await some(2);
      const before = await heldBytes();
      await some(10);
      expect((await heldBytes()) - before).toBeLessThan(2_000_000);
    });
  });
});

/** Has every run on Wasm take 50 ms more. */
function slowWasm(): Disposable & { restore(): void } {
  const { run } = WasmExecutable.prototype;
  const spy = vi.spyOn(WasmExecutable.prototype, "run").mockImplementation(async function (this: WasmExecutable, ...call) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return run.apply(this, call);
  });
  const restore = () => spy.mockRestore();
  return { restore, [Symbol.dispose]: restore };
}

/** Pretends that no buffer may be larger. */
function limitBuffers(device: GPUDevice, bytes: number): void {
  const limits = { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes };
  Object.defineProperty(device, "limits", { value: limits });
}

async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
