/** Training on Wasm: the same bits for any number of threads, and after resuming. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { slopeGroup } from "../../training/groups.ts";
import { Net } from "../../training/net.ts";
import { adam, sgd } from "../../training/optimizers.ts";
import { Random } from "../../training/random.ts";
import { cosine } from "../../training/schedules.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerOptions } from "../../training/trainer_options.ts";
import { toyDataset } from "./toy.ts";

const data = toyDataset();

/** Large enough that a step is worth several threads. */
function model() {
  const net = new Net(data).conv(24, 3, { padding: "same" }).batchNorm().relu({ rotated: true });
  const shortcut = net.tap();
  net.conv(24, 3, { padding: 1 }).batchNorm().add(shortcut).relu({ rotated: true }).maxPool(2);
  const { graph, init } = net
    .depthwise(3, { padding: 1 })
    .relu6()
    .flatten()
    .linear(32)
    .batchNorm()
    .relu({ rotated: true })
    .linear(3)
    .build();
  return { graph, tensors: init(new Random(3)) };
}

async function trainerOptions(threads: number, more: Partial<TrainerOptions> = {}): Promise<TrainerOptions> {
  return {
    model: model(),
    data,
    backend: await wasmTrainingBackend({ threads }),
    epochs: 3,
    batchSize: 16,
    optimizer: sgd({ rate: 0.05, weightDecay: 1e-4 }),
    schedule: cosine(),
    groups: [slopeGroup({ weightDecay: 0, l1: { strength: 1e-3, mode: "proximal" } })],
    augment: { crop: 1, flip: true },
    ...more,
  };
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function run(options: TrainerOptions, start?: Uint8Array): Promise<string> {
  const trainer = start ? await Trainer.resume(start, { data, backend: options.backend }) : await Trainer.create(options);
  await trainer.run();
  const bytes = digest(await trainer.checkpoint());
  options.backend.dispose();
  return bytes;
}

describe("training on Wasm", () => {
  it("gives the same bits for any number of threads", async () => {
    const one = await run(await trainerOptions(1));
    expect(await run(await trainerOptions(2))).toBe(one);
    expect(await run(await trainerOptions(3))).toBe(one);
  });

  it.each([sgd({ rate: 0.05 }), adam({ rate: 0.01 })])("goes on to the same bits: $settings.kind", async (optimizer) => {
    const saved: Uint8Array[] = [];
    const whole = await run(await trainerOptions(1, { optimizer, checkpoint: { save: (bytes) => void saved.push(bytes), everySteps: 1 } }));
    for (const at of [0, 1, 4, 7]) expect(await run(await trainerOptions(2), saved[at]), `checkpoint ${at}`).toBe(whole);
  });

  it("learns", async () => {
    // not mirrored: that would change the class
    const options = await trainerOptions(1, { epochs: 12, augment: {} });
    const trainer = await Trainer.create(options);
    await trainer.run();
    expect((await trainer.evaluate("test")).accuracy).toBeGreaterThan(0.8);
    options.backend.dispose();
  });
});
