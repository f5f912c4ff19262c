/** Sessions on WebGPU, in Node by Dawn on SwiftShader: whose device it is, what happens when it goes or refuses, and what 10,000 runs leave behind. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Explanation, Session } from "../../src/index.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { watchBuffers } from "../backends/live_buffers.ts";
import { type FakeGpu, hardware, installGpu, limitBuffers, ownDevice, slowWasm } from "./gpu.ts";
import { heldBytes } from "./held_bytes.ts";
import { expectRuns, expectTiny, imageOf, messageOf, tinyModel } from "./tiny.ts";

const model = tinyModel();
const webgpu = { backend: "webgpu" } as const;

await describeWithAdapter("swiftshader", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
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
