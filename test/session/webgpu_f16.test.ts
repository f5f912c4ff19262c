/**
 * Half precision on WebGPU, in Node by Dawn on lavapipe, which has `shader-f16`: how near it comes to float32 on a network that was trained. A half has
 * 11 significant bits, so each stored number is off by up to 1/2048; sums are float32. Bound here: logits within 1 % of the largest one.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { packModel } from "../../cli/pack.ts";
import { readModel, Session, topK, writeModel } from "../../src/index.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { batches, fashionSlice } from "../../training/data/index.ts";
import { createModel } from "../../training/models/index.ts";
import { sgd } from "../../training/optimizers.ts";
import { Random } from "../../training/random.ts";
import { Trainer } from "../../training/trainer.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { ownDevice } from "./gpu.ts";
import { tinyModel, tinyOutputs } from "./tiny.ts";

const IMAGES = 120;
const BOUND = 0.01;

await describeWithAdapter("lavapipe", () => {
  describe("a trained network in f16", () => {
    let images: Float32Array;
    let labels: Int32Array;
    let model: Uint8Array<ArrayBuffer>;
    let half: Uint8Array<ArrayBuffer>;

    beforeAll(async () => {
      const data = await fashionSlice({ limit: { train: 1500, test: IMAGES } });
      const net = createModel("small-cnn", { activation: "rrelu", input: data, classes: data.classNames.length });
      const backend = await wasmTrainingBackend();
      const trainer = await Trainer.create({
        model: { graph: net.graph, tensors: net.init(new Random(1)) },
        data,
        backend,
        steps: 60,
        batchSize: 32,
        optimizer: sgd({ rate: 0.05 }),
      });
      await trainer.run();
      const trained = await trainer.model();
      trainer.dispose();
      backend.dispose();
      model = packModel(trained);
      half = packModel(trained, "f16");
      const [batch] = batches(data.test, data, { size: IMAGES });
      images = Float32Array.from(batch?.images ?? []);
      labels = Int32Array.from(batch?.labels ?? []);
    });

    async function logitsOf(file: Uint8Array, options: Parameters<typeof Session.load>[1]) {
      using session = await Session.load(file, options);
      const [input = ""] = session.inputs.map(({ name }) => name);
      const size = images.length / IMAGES;
      // one by one: a batch would be other pipelines, which take a software driver seconds to compile
      const runs = Array.from({ length: IMAGES }, (_, i) => session.run({ [input]: images.subarray(size * i, size * (i + 1)) }));
      const logits = (await Promise.all(runs)).flatMap((outputs) => [...(Object.values(outputs)[0] as Float32Array)]);
      return { logits: Float32Array.from(logits), explanation: session.explain() };
    }

    it("gives the logits of f32 within the bound, the same classes but for ties, and takes half the memory", async () => {
      const exact = await logitsOf(model, { backend: "wasm" });
      const f32 = await logitsOf(model, { backend: "webgpu" });
      const f16 = await logitsOf(model, { backend: "webgpu", precision: "f16" });
      const packed = await logitsOf(half, { backend: "webgpu", precision: "f16" });
      expect(f32.explanation).toMatchObject({ precision: "f32", backend: "webgpu" });
      expect(f16.explanation).toMatchObject({ precision: "f16", backend: "webgpu", adapter: expect.stringMatching(/llvmpipe/) });
      expect(f16.explanation).not.toHaveProperty("precisionWhy");
      expect(f16.explanation.bytes.weights / f32.explanation.bytes.weights).toBeLessThan(0.6);
      expect(f16.explanation.bytes.activations / f32.explanation.bytes.activations).toBeLessThan(0.6);

      const largest = Math.max(...exact.logits.map(Math.abs));
      const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)))) / largest;
      expect(distance(f32.logits, exact.logits)).toBeLessThan(1e-5);
      expect(distance(f16.logits, exact.logits)).toBeLessThan(BOUND);
      // weights that were stored in halves are not rounded again
      expect(distance(packed.logits, f16.logits)).toBeLessThan(1e-6);

      const classes = exact.logits.length / IMAGES;
      const best = (logits: Float32Array, i: number) => topK(logits.subarray(classes * i, classes * (i + 1)), 2);
      let right = 0;
      for (let i = 0; i < IMAGES; i++) {
        const [first, second] = best(exact.logits, i);
        if ((first?.score ?? 0) - (second?.score ?? 0) > 2 * BOUND * largest) expect(best(f16.logits, i)[0]?.index).toBe(first?.index);
        if (best(f16.logits, i)[0]?.index === labels[i]) right++;
      }
      expect(right / IMAGES).toBeGreaterThan(0.6);
    });
  });

  describe("precision: f16", () => {
    const image = new Float32Array(32).map((_, i) => (i % 11) / 8);
    const near = (mean: Float32Array | undefined, digits: number) =>
      tinyOutputs(image).forEach((value, i) => void expect(mean?.[i]).toBeCloseTo(value, digits));

    it("needs a shared device that was made with shader-f16; without it f32 runs, and explain() says why", async () => {
      for (const [requiredFeatures, precision] of [
        [["shader-f16"], "f16"],
        [[], "f32"],
      ] as const) {
        const device = await ownDevice({ requiredFeatures: [...requiredFeatures] });
        using session = await Session.load(tinyModel(), { backend: "webgpu", device, precision: "f16" });
        near((await session.run({ image })).mean, precision === "f16" ? 2 : 5);
        const why = precision === "f32" ? "the device was made without the feature shader-f16" : undefined;
        expect(session.explain()).toMatchObject({ precision, ...(why !== undefined && { precisionWhy: why }) });
      }
    });

    it("is given up for weights that no half can hold, and explain() names them", async () => {
      const { graph } = readModel(tinyModel());
      const large = writeModel({ graph, tensors: { slope: Float32Array.of(70_000, 1) } });
      using session = await Session.load(large, { backend: "webgpu", precision: "f16" });
      const { mean } = await session.run({ image: new Float32Array(32).fill(1) });
      expect([...(mean ?? [])]).toEqual([70_001, 2]);
      expect(session.explain()).toMatchObject({ precision: "f32", precisionWhy: '"slope" holds numbers that are too large for f16' });
    });

    it("survives the loss of its device", async () => {
      const device = await ownDevice({ requiredFeatures: ["shader-f16"] });
      using session = await Session.load(tinyModel(), { backend: "webgpu", device, precision: "f16" });
      device.destroy();
      near((await session.run({ image })).mean, 2);
      expect(session.explain()).toMatchObject({ backend: "webgpu", precision: "f16" });
    });
  });
});
