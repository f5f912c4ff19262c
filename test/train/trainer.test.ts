import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { AbortedError, InputError, ModelError, SwivelError, TrainingError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import type { Batch } from "../../training/data/dataset.ts";
import { batches } from "../../training/data/index.ts";
import type { TrainerEvent } from "../../training/events.ts";
import { slopeGroup } from "../../training/groups.ts";
import { adam, sgd } from "../../training/optimizers.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { cosine } from "../../training/schedules.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerOptions } from "../../training/trainer_options.ts";
import { float32Reference, toyBatches, toyDataset, toyModel } from "./toy.ts";

const data = toyDataset();
const backend = float32Reference();
const folder = await mkdtemp(join(tmpdir(), "swivel-trainer-"));
afterAll(() => rm(folder, { recursive: true }));

/** 52 images in batches of 8: 6 steps an epoch. */
function options(more: Partial<TrainerOptions> = {}): TrainerOptions {
  return {
    model: toyModel(),
    data,
    backend,
    epochs: 3,
    batchSize: 8,
    optimizer: sgd({ rate: 0.1, weightDecay: 1e-3 }),
    schedule: cosine({ warmup: 0.1 }),
    groups: [slopeGroup({ rateScale: 2, weightDecay: 0, l1: { strength: 1e-3, mode: "proximal" } })],
    labelSmoothing: 0.05,
    augment: { crop: 1 },
    seed: 5,
    readEvery: 4,
    ...more,
  };
}

async function eventsOf(trainer: Trainer): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = [];
  for await (const event of trainer.events()) events.push(event);
  return events;
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** All that a trainer is at the end of its run: the digest of its checkpoint. */
async function finalBytes(trainer: Trainer): Promise<string> {
  await trainer.run();
  const bytes = await trainer.checkpoint();
  trainer.dispose();
  return digest(bytes);
}

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

describe("checkpoints", () => {
  // in the middle of an epoch, between two readings of the loss, at its end, before the first step and after the last
  it.each([1, 4, 7, 12, 17, 18])("resumed after %i of 18 steps, a run ends in the same bits", async (steps) => {
    for (const optimizer of [sgd({ rate: 0.1 }), adam({ rate: 0.01 })]) {
      const saved: Uint8Array[] = [];
      const whole = await Trainer.create(options({ optimizer, checkpoint: { save: (bytes) => void saved.push(bytes), everySteps: 1 } }));
      const expected = await finalBytes(whole);
      const resumed = await Trainer.resume(saved[steps - 1] as Uint8Array, { data, backend });
      expect(resumed.position.step).toBeLessThanOrEqual(steps);
      expect(await finalBytes(resumed)).toBe(expected);
    }
  });

  it("are not needed for the bits: a run without any ends the same", async () => {
    const path = join(folder, "bits.safetensors");
    const with_ = await finalBytes(await Trainer.create(options({ checkpoint: { path, everySteps: 2, everySeconds: 0 } })));
    expect(await finalBytes(await Trainer.create(options()))).toBe(with_);
    expect(digest(await readFile(path))).toBe(with_);
  });

  it("are saved when the signal fires, whereupon the run can be taken up here or elsewhere", async () => {
    const expected = await finalBytes(await Trainer.create(options()));
    const path = join(folder, "aborted.safetensors");
    const abort = new AbortController();
    const trainer = await Trainer.create(
      options({ checkpoint: { path }, onEvent: (event) => event.kind === "step" && event.step === 8 && abort.abort() }),
    );
    await expect(trainer.run({ signal: abort.signal })).rejects.toThrow(AbortedError);
    expect(trainer.position).toEqual({ step: 8, epoch: 1 });
    expect(await finalBytes(await Trainer.resume(path, { data, backend }))).toBe(expected);
    expect(await finalBytes(trainer)).toBe(expected);
  });

  it("take up a run that its reader left", async () => {
    const expected = await finalBytes(await Trainer.create(options()));
    const trainer = await Trainer.create(options());
    for await (const event of trainer.events()) if (event.kind === "step" && event.step === 8) break;
    expect(await finalBytes(trainer)).toBe(expected);
  });

  it("need the same data", async () => {
    const trainer = await Trainer.create(options());
    const bytes = await trainer.checkpoint();
    const fewer = { ...data, train: { ...data.train, count: 20 } };
    await expect(Trainer.resume(bytes, { data: fewer, backend })).rejects.toThrow(
      /E_INPUT the checkpoint was trained on epochs of 6 batches, this data has 2/,
    );
    await expect(Trainer.resume(bytes, { data: { ...data, width: 7 }, backend })).rejects.toThrow(InputError);
    await expect(Trainer.resume(bytes, { data, backend, schedule: () => 1 })).rejects.toThrow(/knows its own schedule \(cosine\)/);
    const custom = await (await Trainer.create(options({ schedule: () => 0.5 }))).checkpoint();
    await expect(Trainer.resume(custom, { data, backend })).rejects.toThrow(/give it again as `schedule`/);
    await expect(Trainer.resume(join(folder, "nothing"), { data, backend })).rejects.toThrow(/E_NOT_FOUND/);
  });

  const broken: readonly (readonly [string, (record: Record<string, never>) => unknown, RegExp])[] = [
    ["no JSON", () => "{", /E_FORMAT/],
    ["no object", () => "[]", /E_FORMAT/],
    ["newer", (r) => ({ ...r, version: 2 }), /E_VERSION/],
    ["no version", (r) => ({ ...r, version: "1" }), /E_FORMAT/],
    ["unknown key", (r) => ({ ...r, more: 1 }), /unknown key "more"/],
    ["negative step", (r) => change(r, "position", { step: -1 }), /position.step/],
    ["zero state", (r) => ({ ...r, random: [0, 0, 0, 0] }), /generator's state/],
    ["huge batch", (r) => change(r, "recipe", { batchSize: 1e300 }), /batchSize/],
    ["unknown optimizer", (r) => change(r, "recipe", { optimizer: { kind: "lion" } }), /optimizer.kind/],
    ["missing rate", (r) => change(r, "recipe", { optimizer: { kind: "sgd" } }), /E_FORMAT/],
    [
      "rate as text",
      (r) => change(r, "recipe", { optimizer: { kind: "sgd", rate: "1", momentum: 0, nesterov: false, weightDecay: 0 } }),
      /optimizer.rate/,
    ],
    ["null schedule", (r) => change(r, "recipe", { schedule: null }), /schedule.kind/],
    ["no groups", (r) => change(r, "recipe", { groups: [] }), /exactly once/],
    ["unknown member", (r) => change(r, "recipe", { groups: [{ name: "a", members: ["nothing"] }] }), /no parameter of the network/],
    [
      "state as member",
      (r) => change(r, "recipe", { groups: [{ name: "a", members: ["bn1.running_mean"] }] }),
      /no parameter of the network/,
    ],
    ["wild group name", (r) => change(r, "recipe", { groups: [{ name: "a b", members: ["conv1.weight"] }] }), /E_OPTION/],
  ];
  const change = (record: Record<string, never>, key: string, fields: object) => ({
    ...record,
    [key]: { ...(record[key] as unknown as object), ...fields },
  });

  it.each(broken)("refuse a record with %s", async (_, edit, message) => {
    const { tensors, metadata } = readSafetensors(await (await Trainer.create(options())).checkpoint());
    const edited = edit(JSON.parse(metadata.training as string));
    const training = typeof edited === "string" ? edited : JSON.stringify(edited);
    const resumed = Trainer.resume(writeSafetensors(tensors, { ...metadata, training }), { data, backend });
    await expect(resumed).rejects.toThrow(SwivelError);
    await expect(resumed).rejects.toThrow(message);
  });

  it("are no models without training", async () => {
    const { tensors, metadata } = readSafetensors(await (await Trainer.create(options())).checkpoint());
    const { training: _, ...rest } = metadata;
    await expect(Trainer.resume(writeSafetensors(tensors, rest), { data, backend })).rejects.toThrow(
      /E_FORMAT this is a model, not a checkpoint/,
    );
  });

  it("stay whole where the next one cannot be written", async () => {
    const path = join(folder, "nowhere", "a.safetensors");
    const trainer = await Trainer.create(options({ checkpoint: { path } }));
    await expect(trainer.run()).rejects.toThrow(ModelError);
    // a limit on file sizes is to the writer what a full disk is
    const old = join(folder, "old.bin");
    await writeFile(old, "whole");
    const module = fileURLToPath(new URL("../../training/checkpoint_file.ts", import.meta.url));
    const script = `import { writeWhole } from ${JSON.stringify(module)};
      process.on("SIGXFSZ", () => {});
      await writeWhole(${JSON.stringify(old)}, new Uint8Array(1 << 20)).catch((error) => console.log(error.message));`;
    const output = await new Promise<string>((resolve) => {
      const command = `ulimit -f 8; exec "${process.execPath}" --import tsx --input-type=module -e '${script}'`;
      execFile("bash", ["-c", command], { cwd: fileURLToPath(new URL("../..", import.meta.url)) }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(output).toMatch(/^E_IO .*old\.bin could not be written/);
    expect(await readFile(old, "utf8")).toBe("whole");
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
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
