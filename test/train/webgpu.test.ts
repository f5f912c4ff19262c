/** Training on WebGPU: gradients of random graphs, the same bits after resuming, a device that is taken away, and no growth. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";
import { differentiate } from "../../training/autodiff.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import type { TrainerEvent } from "../../training/events.ts";
import { slopeGroup } from "../../training/groups.ts";
import { adam, sgd } from "../../training/optimizers.ts";
import { Random } from "../../training/random.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerOptions } from "../../training/trainer_options.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { watchBuffers } from "../backends/live_buffers.ts";
import { randomGraph, randomTensors } from "./random_graph.ts";
import { toyDataset, toyModel } from "./toy.ts";

const data = toyDataset();
/** Random graphs to compare; each has shapes, and so pipelines, of its own. */
const GRAPHS = 12;
/** Milliseconds; a software adapter on a loaded machine. */
const SLOW = 240_000;
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const round = (data: Readonly<Record<string, Float64Array>>) =>
  Object.fromEntries(Object.entries(data).map(([name, values]) => [name, Float32Array.from(values)]));

/** A device of the test's own, so that it can be destroyed and watched. */
async function openDevice(): Promise<GPUDevice> {
  const device = await (await findAdapter())?.requestDevice();
  if (!device) throw new Error("the adapter gives no device");
  return device;
}

/** One backend for all tests that lose no device: software adapters take long to make pipelines. */
let shared: Backend;

function trainerOptions(more: Partial<TrainerOptions> = {}): TrainerOptions {
  return {
    model: toyModel(),
    data,
    backend: shared,
    ...(more.steps === undefined && { epochs: 4 }),
    batchSize: 8,
    optimizer: sgd({ rate: 0.05, weightDecay: 1e-4 }),
    groups: [slopeGroup({ weightDecay: 0, l1: { strength: 1e-3, mode: "proximal" } })],
    augment: { crop: 1 },
    readEvery: 2,
    ...more,
  };
}

async function run(options: TrainerOptions, start?: Uint8Array): Promise<string> {
  const trainer = start ? await Trainer.resume(start, { data, backend: options.backend }) : await Trainer.create(options);
  await trainer.run();
  const bytes = digest(await trainer.checkpoint());
  trainer.dispose();
  return bytes;
}

await describeWithAdapter("swiftshader", () => {
  beforeAll(async () => {
    shared = await webgpuTrainingBackend();
  });
  afterAll(() => shared.dispose());

  it(
    "agrees with the reference on gradients of random graphs",
    async () => {
      for (let seed = 1; seed <= GRAPHS; seed++) {
        const random = new Random(seed);
        const choices = Array.from({ length: 2 + random.int(6) }, () => random.int(1000));
        const { graph, wrt } = randomGraph(random, choices);
        const { graph: backward, gradients } = differentiate(graph, { loss: "loss", wrt });
        const { tensors, inputs } = randomTensors(backward, random);
        const { labels, ...floats } = inputs;
        const asked = ["loss", ...Object.values(gradients)];
        const given = { ...round(floats), labels: Int32Array.from(labels as Float64Array) };
        const exact = referenceTrainingBackend().compileExact(backward, round(tensors)).runExact(given, asked);
        const executable = await shared.compile(backward, { tensors: round(tensors) });
        const got = await executable.run(given, { outputs: asked });
        executable.dispose();
        const largest = Math.max(...asked.flatMap((name) => [...(exact[name] as Float64Array)].map(Math.abs)));
        for (const name of asked) {
          const want = exact[name] as Float64Array;
          // what is zero but for rounding, such as the gradient of a shift ahead of a batch norm, is measured by the largest of all
          const own = Math.max(...want.map(Math.abs));
          const scale = own > 1e-9 ? Math.max(1e-3, own) : largest;
          const worst = Math.max(...want.map((value, i) => Math.abs(value - (got[name]?.[i] as number))));
          expect(worst / scale, `${name} of graph ${seed} (${graph.nodes.map((node) => node.op).join(" ")})`).toBeLessThan(1e-3);
        }
      }
    },
    SLOW,
  );

  it(
    "learns",
    async () => {
      const options = trainerOptions({ epochs: 12, augment: {} });
      const trainer = await Trainer.create(options);
      await trainer.run();
      expect((await trainer.evaluate("test")).accuracy).toBeGreaterThan(0.8);
      trainer.dispose();
    },
    SLOW,
  );

  it.each([sgd({ rate: 0.05 }), adam({ rate: 0.01 })])(
    "goes on to the same bits: $settings.kind",
    async (optimizer) => {
      const saved: Uint8Array[] = [];
      const whole = await run(trainerOptions({ optimizer, checkpoint: { save: (bytes) => void saved.push(bytes), everySteps: 1 } }));
      for (const at of [0, 4]) expect(await run(trainerOptions(), saved[at]), `checkpoint ${at}`).toBe(whole);
    },
    SLOW,
  );

  it(
    "goes on when the device is destroyed in the middle of an epoch, and gets where it would have got",
    async () => {
      const undisturbed = await run(trainerOptions());
      const device = await openDevice();
      const options = trainerOptions({ backend: await webgpuTrainingBackend({ device }) });
      const trainer = await Trainer.create(options);
      const events: TrainerEvent[] = [];
      for await (const event of trainer.events()) {
        events.push(event);
        if (event.kind === "step" && event.step === 8) device.destroy();
      }
      expect(events.find((event) => event.kind === "recovered")).toMatchObject({ backend: "webgpu", step: 0 });
      expect(events.at(-1)).toMatchObject({ kind: "done", epoch: 4 });
      expect(digest(await trainer.checkpoint())).toBe(undisturbed);
      trainer.dispose();
      device.destroy();
    },
    SLOW,
  );

  it(
    "keeps a finished training when the device is destroyed afterwards",
    async () => {
      const device = await openDevice();
      const trainer = await Trainer.create(trainerOptions({ epochs: 1, backend: await webgpuTrainingBackend({ device }) }));
      await trainer.run();
      const before = await trainer.tensors();
      device.destroy();
      expect(await trainer.tensors()).toEqual(before);
      expect((await trainer.evaluate("test")).count).toBe(17);
      trainer.dispose();
    },
    SLOW,
  );

  it(
    "trains 2,000 steps without growth",
    async () => {
      const device = await openDevice();
      const live = watchBuffers(device);
      const backend = await webgpuTrainingBackend({ device });
      const options = trainerOptions({ backend, steps: 2000, readEvery: 10, validateEvery: 100 });
      const trainer = await Trainer.create(options);
      const buffers: number[] = [];
      for await (const event of trainer.events()) if (event.kind === "step" && event.step % 200 === 0) buffers.push(live().count);
      expect(Math.max(...buffers.slice(5)), `live buffers: ${buffers}`).toBeLessThanOrEqual(Math.max(...buffers.slice(0, 5)));
      trainer.dispose();
      backend.dispose();
      await expect.poll(() => live().count).toBe(0);
      device.destroy();
    },
    SLOW,
  );
});
