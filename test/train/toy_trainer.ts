/** Trainers of the toy's task: short runs that use everything a recipe has, and what they come to. */
import { createHash } from "node:crypto";
import type { TrainerEvent } from "../../training/events.ts";
import { slopeGroup } from "../../training/groups.ts";
import { sgd } from "../../training/optimizers.ts";
import { cosine } from "../../training/schedules.ts";
import type { Trainer } from "../../training/trainer.ts";
import type { TrainerOptions } from "../../training/trainer_options.ts";
import { float32Reference, toyDataset, toyModel } from "./toy.ts";

export const data = toyDataset();
export const backend = float32Reference();

/** 52 images in batches of 8: 6 steps an epoch. */
export function options(more: Partial<TrainerOptions> = {}): TrainerOptions {
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

export async function eventsOf(trainer: Trainer): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = [];
  for await (const event of trainer.events()) events.push(event);
  return events;
}

export const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** All that a trainer is at the end of its run: the digest of its checkpoint. */
export async function finalBytes(trainer: Trainer): Promise<string> {
  await trainer.run();
  const bytes = await trainer.checkpoint();
  trainer.dispose();
  return digest(bytes);
}
