/** Files go from command to command: init or train, inspect, prune, pack, eval; from every kind of data set. */
import { InferenceSession, env as onnx, Tensor } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { Session } from "../../src/session.ts";
import { batches, openDataset } from "../../training/data/index.ts";
import { cifarFiles, idxFiles, pictureFiles } from "./data.ts";
import { bytesOf, json, put, swivel } from "./run.ts";

onnx.wasm.numThreads = 1;

/** The images of a data set's test part, as the model wants them. */
async function testImages(data: string, session: Session, count: number): Promise<Float32Array> {
  const [, channels = 0, height = 0, width = 0] = (session.inputs[0]?.shape ?? []) as number[];
  const dataset = await openDataset(data, { size: { width, height }, channels });
  const { mean, std } = session.preprocess ?? dataset;
  const [batch] = batches(dataset.test, { ...dataset, mean, std }, { size: count });
  return (batch?.images ?? new Float32Array(0)).slice();
}

/** Logits of the first test images by our runtime. */
async function logitsOf(file: string, data: string, count: number): Promise<Float32Array> {
  using session = await Session.load(bytesOf(file));
  const { logits } = await session.run({ image: await testImages(data, session, count) });
  return logits as Float32Array;
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  const largest = Array.from(want).reduce((max, x) => Math.max(max, Math.abs(x)), 1);
  for (let i = 0; i < want.length; i++)
    expect(Math.abs((got[i] as number) - (want[i] as number)), `logit ${i}`).toBeLessThan(tolerance * largest);
}

function expectFractions(...values: number[]): void {
  for (const value of values) expect(value >= 0 && value <= 1, `${value} is a fraction`).toBe(true);
}

/** Threads that tiny images do not need take time to start. */
const ONE = ["--threads", "1"];

describe.each([
  {
    name: "idx",
    data: () => idxFiles({ train: 416, test: 104, classes: 26, first: 1 }),
    classes: Array.from({ length: 26 }, (_, i) => String(i + 1)),
    input: ["N", 1, 12, 12],
    arch: "small-cnn",
  },
  {
    name: "cifar",
    data: () => cifarFiles({ train: 60, test: 20 }),
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
    input: ["N", 3, 32, 32],
    arch: "lenet",
  },
  {
    name: "pictures",
    data: () => pictureFiles({ train: 60, test: 18, classes: 3, side: 20 }, ["cat", "dog", "owl"]),
    classes: ["cat", "dog", "owl"],
    input: ["N", 3, 32, 32],
    arch: "small-cnn",
  },
])("from $name", ({ name, data, classes, input, arch }) => {
  const file = (kind: string) => `${name}.${kind}.safetensors`;
  const tests = (): string => put(name, {});

  it("is trained", async () => {
    const folder = put(name, data());
    const result = await json(["train", "--arch", arch, "--data", folder, "--epochs", "2", "--out", file("trained"), ...ONE]);
    expect(result).toMatchObject({ out: file("trained"), arch, activation: "rrelu", data: name, epoch: 2, seed: 0 });
    expect(result.test).toEqual({ loss: expect.any(Number), accuracy: expect.any(Number), count: expect.any(Number) });
    expectFractions(result.test.accuracy, result.validation.accuracy);
  });

  it("is inspected", async () => {
    const result = await json(["inspect", file("trained")]);
    expect(result).toMatchObject({
      bytes: bytesOf(file("trained")).length,
      classNames: classes,
      inputs: [{ name: "image", shape: input }],
      outputs: [{ name: "logits", shape: ["N", classes.length] }],
      preprocess: { channels: input[1], height: input[2], width: input[3] },
      info: { architecture: arch, activation: "rrelu", data: name },
      training: { epoch: 2, epochs: 2 },
    });
    const sum = (key: "params" | "macs") =>
      result.layers.reduce((total: number, layer: Record<string, number>) => total + (layer[key] ?? 0), 0);
    expect(result.params).toBe(sum("params"));
    expect(result.macs).toBe(sum("macs"));
    const { stdout } = await swivel(["inspect", file("trained")]);
    for (const layer of result.layers) expect(stdout).toContain(`${layer.name} `);
  });

  it("is cut and fine-tuned", async () => {
    const args = ["prune", file("trained"), "--keep-macs", "0.6", "--finetune", "1", "--data", tests(), "--out", file("cut")];
    const result = await json([...args, ...ONE]);
    expect(result.before.macs * 0.6).toBeGreaterThanOrEqual(result.after.macs);
    expect(result.saved.macs).toBeCloseTo(1 - result.after.macs / result.before.macs, 12);
    expectFractions(result.saved.params, result.saved.macs, result.saved.bytes);
    expectFractions(result.before.accuracy, result.cut.accuracy, result.after.accuracy);
    expect(result).toMatchObject({ criterion: "slope", split: "validation", data: name, warnings: [] });
    const small = await json(["inspect", file("cut")]);
    expect(small).toMatchObject({ params: result.after.params, macs: result.after.macs, classNames: classes });
    expect(small.training).toBeUndefined();
  });

  it("is cut again", async () => {
    const once = await json(["inspect", file("cut")]);
    const twice = await json(["prune", file("cut"), "--keep-macs", "0.5", "--out", file("again")]);
    expect(twice.before.macs).toBe(once.macs);
    expect(twice.after.macs).toBeLessThanOrEqual(once.macs / 2);
  });

  it("is packed, and computes the same", async () => {
    const result = await json(["pack", file("cut"), "--out", file("packed"), "--onnx", `${name}.onnx`]);
    expect(result.after.nodes).toBeLessThan(result.before.nodes);
    expect(result.after.bytes).toBe(bytesOf(file("packed")).length);
    const want = await logitsOf(file("cut"), tests(), 8);
    expectClose(await logitsOf(file("packed"), tests(), 8), want, 1e-4);

    const half = await json(["pack", file("cut"), "--dtype", "f16", "--out", file("half")]);
    expect(half.after.bytes).toBeLessThan(0.75 * result.after.bytes);
    expectClose(await logitsOf(file("half"), tests(), 8), want, 0.02);

    using session = await Session.load(bytesOf(file("packed")));
    const images = await testImages(tests(), session, 8);
    const runtime = await InferenceSession.create(bytesOf(`${name}.onnx`));
    const { logits } = await runtime.run({ image: new Tensor("float32", images, [8, ...(input.slice(1) as number[])]) });
    expectClose(logits?.data as Float32Array, want, 1e-4);
    await runtime.release();
  });

  it("is packed again without a change", async () => {
    await json(["pack", file("packed"), "--out", file("repacked")]);
    expect(bytesOf(file("repacked")).equals(bytesOf(file("packed")))).toBe(true);
  });

  it("is evaluated as a checkpoint, cut and packed", async () => {
    const evaluate = (kind: string, ...more: string[]) => json(["eval", file(kind), "--data", tests(), ...ONE, ...more]);
    const all = await evaluate("packed");
    expect(all).toMatchObject({ model: file("packed"), data: name, backend: "wasm" });
    expect(all.msPerImage).toBeGreaterThan(0);
    expect((await evaluate("cut")).accuracy).toBe(all.accuracy);
    expect((await evaluate("trained")).n).toBe(all.n);
    const few = await evaluate("packed", "--limit", "7", "--batch", "100");
    expect(few).toMatchObject({ n: 7, batch: 7, threads: 1 });
  });
});

describe("from init", () => {
  const sizes = ["--arch", "small-cnn", "--input", "1x12x12", "--classes", "5"];

  it("goes the same way, and gets the data's preprocessing when it is fine-tuned", async () => {
    const data = put("five", idxFiles({ train: 100, test: 20, classes: 5 }));
    await json(["init", ...sizes, "--out", "fresh.safetensors"]);
    await json(["eval", "fresh.safetensors", "--data", data]);
    expect((await json(["inspect", "fresh.safetensors"])).preprocess).toBeUndefined();
    const cut = ["prune", "fresh.safetensors", "--criterion", "random", "--keep-macs", "0.3", "--seed", "7"];
    const result = await json([...cut, "--finetune", "2", "--data", data, "--out", "fresh-cut.safetensors"]);
    expect(result.after.accuracy).toBeGreaterThan(result.cut.accuracy);
    expect((await json(["inspect", "fresh-cut.safetensors"])).preprocess).toMatchObject({ width: 12, height: 12 });
    await json(["pack", "fresh-cut.safetensors", "--out", "fresh-packed.safetensors"]);
    expect((await json(["eval", "fresh-packed.safetensors", "--data", data])).n).toBe(20);
  });

  it("is the same for the same seed", async () => {
    const init = (out: string, ...more: string[]) => json(["init", ...sizes, "--out", out, ...more]);
    for (const [out, seed] of Object.entries({ a: "3", b: "3", c: "4" })) await init(`${out}.safetensors`, "--seed", seed);
    expect(bytesOf("a.safetensors").equals(bytesOf("b.safetensors"))).toBe(true);
    expect(bytesOf("a.safetensors").equals(bytesOf("c.safetensors"))).toBe(false);
  });

  it("takes the weights of a model or checkpoint", async () => {
    await json(["init", ...sizes, "--weights", "a.safetensors", "--seed", "9", "--out", "d.safetensors"]);
    expect(readSafetensors(bytesOf("d.safetensors")).tensors).toEqual(readSafetensors(bytesOf("a.safetensors")).tensors);
    await json(["train", "--data", put("five", {}), "--epochs", "1", "--out", "e.safetensors"]);
    await json(["init", ...sizes, "--weights", "e.safetensors", "--out", "f.safetensors"]);
    const [trained, taken] = [readSafetensors(bytesOf("e.safetensors")), readSafetensors(bytesOf("f.safetensors"))];
    for (const [name, tensor] of Object.entries(taken.tensors)) expect(tensor).toEqual(trained.tensors[name]);
  });
});
