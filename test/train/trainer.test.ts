import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError, TrainingError } from "../../src/errors.ts";
import type { Batch } from "../../training/data/dataset.ts";
import { batches } from "../../training/data/index.ts";
import type { TrainerEvent } from "../../training/events.ts";
import { slopeGroup } from "../../training/groups.ts";
import { sgd } from "../../training/optimizers.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerOptions } from "../../training/trainer_options.ts";
import { toyBatches, toyModel } from "./toy.ts";
import { backend, data, eventsOf, finalBytes, options } from "./toy_trainer.ts";

const folder = await mkdtemp(join(tmpdir(), "swivel-trainer-"));
afterAll(() => rm(folder, { recursive: true }));

describe("Trainer", () => {
  it("learns, and tells how", async () => {
    const trainer = await Trainer.create(options({ epochs: 8, labelSmoothing: 0, augment: {} }));
    const events = await eventsOf(trainer);
    expect(events.map((event) => event.kind).filter((kind) => kind !== "step")).toEqual(["start", ...Array(8).fill("epoch"), "done"]);
    expect(events.flatMap((event) => (event.kind === "step" ? [event.step] : []))).toEqual(
      Array.from({ length: 12 }, (_, i) => 4 * (i + 1)),
    );
    const epochs = events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
    expect(epochs[0]?.train.count).toBe(48);
    expect(epochs[0]?.validation?.count).toBe(13);
    expect(epochs.at(-1)?.train.loss).toBeLessThan((epochs[0]?.train.loss as number) / 2);
    expect(epochs.at(-1)?.train.accuracy).toBeGreaterThan(0.9);
    const start = events[0] as Extract<TrainerEvent, { kind: "start" }>;
    expect(Object.keys(start.slopes)).toEqual(["relu1.slope"]);
    expect(epochs.at(-1)?.slopes["relu1.slope"]).not.toEqual(start.slopes["relu1.slope"]);
    expect((await trainer.evaluate("test")).accuracy).toBeGreaterThan(0.8);
    expect(trainer.position).toEqual({ step: 48, epoch: 8 });
  });

  it("judges as the network itself would", async () => {
    const trainer = await Trainer.create(options({ epochs: 2 }));
    await trainer.run();
    const { graph, tensors, preprocess, classNames } = await trainer.model();
    expect([preprocess?.mean, classNames]).toEqual([data.mean, data.classNames]);
    const network = referenceTrainingBackend().compileExact(graph, tensors);
    let hits = 0;
    let loss = 0;
    for (const { images, labels } of batches(data.test, data, { size: 1 })) {
      const logits = [...(network.runExact({ image: images }).logits as Float64Array)];
      const label = labels[0] as number;
      if (logits.indexOf(Math.max(...logits)) === label) hits++;
      loss += Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - (logits[label] as number);
    }
    const score = await trainer.evaluate("test");
    expect(score).toMatchObject({ accuracy: hits / 17, count: 17 });
    expect(score.loss).toBeCloseTo(loss / 17, 5);
  });

  it("gives the same bits for the same seed, others for another", async () => {
    const first = await finalBytes(await Trainer.create(options()));
    expect(await finalBytes(await Trainer.create(options()))).toBe(first);
    expect(await finalBytes(await Trainer.create(options({ seed: 6 })))).not.toBe(first);
  });

  it("updates only what is not frozen: the paper's first step trains slopes alone", async () => {
    const model = toyModel();
    const frozen = { name: "weights", frozen: true, match: (_: string, kind: string) => kind !== "slope" };
    const trainer = await Trainer.create(options({ model, groups: [frozen, slopeGroup()] }));
    await trainer.run();
    const after = await trainer.tensors();
    const changed = Object.keys(after).filter((name) => after[name]?.some((x, i) => x !== model.tensors[name]?.[i]));
    expect(changed).toEqual(["bn1.running_mean", "bn1.running_var", "relu1.slope"]);
  });

  it("reaches exact zeros with proximal L1, and not with its subgradient", async () => {
    const slopesAfter = async (mode: "proximal" | "subgradient") => {
      const trainer = await Trainer.create(options({ epochs: 6, groups: [slopeGroup({ l1: { strength: 1, mode } })] }));
      await trainer.run();
      return [...((await trainer.slopes())["relu1.slope"] as Float32Array)];
    };
    expect(await slopesAfter("proximal")).toContain(0);
    expect(await slopesAfter("subgradient")).not.toContain(0);
  });
});

describe("data of the user's", () => {
  const list = toyBatches(data, 8);

  it.each([
    ["an array", () => list],
    [
      "an object that can be walked again",
      () => ({
        *[Symbol.iterator]() {
          yield* list;
        },
      }),
    ],
    ["a function", () => () => list],
    [
      "an asynchronous generator function",
      () =>
        async function* () {
          yield* list;
        },
    ],
    [
      "one endless generator",
      () =>
        (function* () {
          for (;;) yield* list;
        })(),
    ],
  ] as const)("may come from %s", async (_, train) => {
    const more = { data: { train: train(), validation: () => list, stepsPerEpoch: 6 }, seed: 1 };
    const bytes = await finalBytes(await Trainer.create(options(more)));
    const saved: Uint8Array[] = [];
    const again = {
      ...more,
      data: { ...more.data, train: train() },
      checkpoint: { save: (file: Uint8Array) => void saved.push(file), everySteps: 5 },
    };
    expect(await finalBytes(await Trainer.create(options(again)))).toBe(bytes);
    const resumed = await Trainer.resume(saved[2] as Uint8Array, { data: { ...more.data, train: train() }, backend });
    expect(await finalBytes(resumed)).toBe(bytes);
  });

  it("says when a generator is at its end", async () => {
    const train = (function* () {
      yield* list;
    })();
    const trainer = await Trainer.create(options({ data: { train }, epochs: undefined, steps: 10 }));
    await expect(trainer.run()).rejects.toThrow(/E_INPUT the data gave no batch in epoch 2; a generator can be walked once only/);
  });

  it("ends epochs where the data ends, when nothing else is known", async () => {
    const trainer = await Trainer.create(options({ data: { train: () => list }, epochs: undefined, steps: 14 }));
    const events = await eventsOf(trainer);
    expect(events.flatMap((event) => (event.kind === "epoch" ? [event.step] : []))).toEqual([6, 12, 14]);
  });

  it("is checked", async () => {
    const wrong = (change: Partial<Batch>) =>
      Trainer.create(options({ data: { train: [{ ...(list[0] as Batch), ...change }] }, epochs: 1 })).then((t) => t.run());
    await expect(wrong({ labels: Int32Array.of(0, 1, 2, 3, 0, 0, 0, 0) })).rejects.toThrow(
      /E_INPUT label 3 of example 3: the network tells classes 0 to 2/,
    );
    await expect(wrong({ labels: new Int32Array(3) })).rejects.toThrow(InputError);
    await expect(wrong({ images: new Float32Array(7) })).rejects.toThrow(InputError);
  });
});

describe("trouble", () => {
  it("is told where the loss becomes NaN, and the last checkpoint stays", async () => {
    const path = join(folder, "diverged.safetensors");
    const trainer = await Trainer.create(
      options({ optimizer: sgd({ rate: 1e30 }), schedule: (step) => (step < 7 ? 0 : 1), checkpoint: { path } }),
    );
    const failed = trainer.run();
    await expect(failed).rejects.toThrow(TrainingError);
    await expect(failed).rejects.toThrow(
      /E_DIVERGED the loss became (NaN|Infinity) between steps \d+ and \d+ of 18 \(epoch 2\), after a loss of [\d.]+; lower the rate \(1e\+30\)/,
    );
    const resumed = await Trainer.resume(path, { data, backend, schedule: () => 0 });
    expect(resumed.position).toEqual({ step: 6, epoch: 1 });
  });

  it("is told rather than saved", async () => {
    const trainer = await Trainer.create(
      options({ optimizer: sgd({ rate: 1e30 }), schedule: () => 1e10, epochs: undefined, steps: 1, readEvery: 1000 }),
    );
    await trainer.run();
    await expect(trainer.checkpoint()).rejects.toThrow(/E_DIVERGED/);
  });

  const impossible: readonly (readonly [string, Partial<TrainerOptions>, RegExp])[] = [
    ["epochs and steps", { steps: 3 }, /either epochs or steps/],
    ["neither", { epochs: undefined }, /either epochs or steps/],
    ["no epochs", { epochs: 0 }, /epochs is 0/],
    ["half a batch", { batchSize: 0.5 }, /batchSize is 0.5/],
    ["labels all noise", { labelSmoothing: 1 }, /labelSmoothing is 1/],
    ["unknown length", { data: { train: () => [] } }, /give steps in place of epochs/],
    ["no data", { data: { train: [] } }, /training data is empty/],
    ["all frozen", { groups: [{ name: "all", frozen: true, match: () => true }] }, /every parameter is frozen/],
    ["two groups of a name", { groups: [slopeGroup(), slopeGroup()] }, /two parameter groups are named "slopes"/],
    ["a group of negative rate", { groups: [slopeGroup({ rateScale: -1 })] }, /rateScale is -1/],
    ["other images", { data: { ...data, channels: 3 } }, /the network takes 1×6×6 images, corners has 3×6×6/],
    ["other classes", { data: { ...data, classNames: ["a"] } }, /tells 3 classes apart, corners has 1/],
    ["missing tensors", { model: { graph: toyModel().graph, tensors: {} } }, /no data for "conv1.weight"/],
  ];
  it.each(impossible)("refuses %s", async (_, more, message) => {
    const created = Trainer.create(options(more));
    await expect(created).rejects.toThrow(InputError);
    await expect(created).rejects.toThrow(message);
  });
});
