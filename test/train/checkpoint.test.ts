import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { AbortedError, InputError, ModelError, SwivelError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { adam, sgd } from "../../training/optimizers.ts";
import { Trainer } from "../../training/trainer.ts";
import { backend, data, digest, finalBytes, options } from "./toy_trainer.ts";

const folder = await mkdtemp(join(tmpdir(), "swivel-checkpoint-"));
afterAll(() => rm(folder, { recursive: true }));

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
