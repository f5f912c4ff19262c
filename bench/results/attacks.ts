/** How well a network holds against attacks: the method's authors' settings, and the same in pixels that stay pixels. */
import { Attacker, type AttackSettings, type Backend, datasets } from "swivel-nn/training";
import type { Network } from "./judge.ts";
import type { AttackFacts } from "./record.ts";

/** Of the test set, the first ones: 60 steps on each of them take a while. */
const IMAGES = 500;
const BATCH = 50;

export const attacks: readonly AttackSettings[] = (["normalised", "pixels"] as const).flatMap((space) =>
  (["fgsm", "pgd"] as const).map((method) => ({ method, space, epsilon: 0.031 })),
);

/** `backend` must know the training ops. */
export async function attackFacts(network: Network, dataset: datasets.Dataset, backend: Backend): Promise<AttackFacts[]> {
  const { test } = dataset;
  const count = Math.min(IMAGES, test.count);
  const pixels = test.images.length / test.count;
  const part = { count, images: test.images.subarray(0, count * pixels), labels: test.labels.subarray(0, count) };
  const facts: AttackFacts[] = [];
  for (const settings of attacks) {
    using attacker = await Attacker.create(network, backend, settings, dataset);
    const { clean, adversarial } = await attacker.score(datasets.batches(part, dataset, { size: Math.min(BATCH, count) }));
    facts.push({ settings: attacker.settings, images: count, clean: clean.accuracy, adversarial: adversarial.accuracy });
  }
  return facts;
}
