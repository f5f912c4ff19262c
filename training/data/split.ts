/** Seeded, stratified choices among labelled pictures: hold-outs and samples keep the shares of the classes. */
import { InputError } from "../../src/errors.ts";
import type { Random } from "../random.ts";
import type { Split } from "./dataset.ts";

/** The pictures at `indices`, copied, in that order. */
export function pick(split: Split, indices: Int32Array): Split {
  const size = split.count === 0 ? 0 : split.images.length / split.count;
  const images = new Uint8Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  indices.forEach((from, to) => {
    images.set(split.images.subarray(from * size, (from + 1) * size), to * size);
    labels[to] = split.labels[from] as number;
  });
  return { count: indices.length, images, labels };
}

/**
 * Holds `count` pictures out of `split`: `held` has them, `kept` the others, both in the original order. Stratified: each class gives its
 * share, rounded so that the total is exact, and keeps at least one picture. The same split, count and random state give the same result.
 * Throws `E_OPTION` where so many cannot be held out.
 */
export function splitOff(split: Split, count: number, random: Random): { kept: Split; held: Split } {
  const { kept, held } = splitIndices(split.labels, count, random);
  return { kept: pick(split, kept), held: pick(split, held) };
}

/** As `splitOff`, on the labels alone: two sorted lists of indices. */
export function splitIndices(labels: Int32Array, count: number, random: Random): { kept: Int32Array; held: Int32Array } {
  const classes = byClass(labels);
  const spare = classes.map((indices) => Math.max(0, indices.length - 1));
  const most = mostHoldOut(labels);
  if (!Number.isInteger(count) || count < 0 || count > most) {
    throw new InputError(
      "E_OPTION",
      `hold out ${count} of ${labels.length} images: give an integer from 0 to ${most}, so that each class keeps at least one image for training`,
    );
  }
  return choose(classes, shares(classes, count, spare), labels.length, random);
}

/** The most images that can be held out while each class keeps one. */
export function mostHoldOut(labels: Int32Array): number {
  return labels.length - new Set(labels).size;
}

/** A stratified sample of at most `count` indices, sorted; all of them where there are no more. */
export function sampleIndices(labels: Int32Array, count: number, random: Random): Int32Array {
  if (!Number.isInteger(count) || count < 1) throw new InputError("E_OPTION", `limit ${count}: give a positive integer`);
  if (count >= labels.length) return Int32Array.from(labels.keys());
  const classes = byClass(labels);
  const all = classes.map((indices) => indices.length);
  return choose(classes, shares(classes, count, all), labels.length, random).held;
}

function byClass(labels: Int32Array): number[][] {
  const classes: number[][] = [];
  labels.forEach((label, index) => {
    while (classes.length <= label) classes.push([]);
    classes[label]!.push(index);
  });
  return classes;
}

/** How many to take of each class: proportional, by largest remainder (ties to the lower class), never above `most` of a class. */
function shares(classes: readonly number[][], count: number, most: readonly number[]): number[] {
  const total = classes.reduce((sum, indices) => sum + indices.length, 0);
  const exact = classes.map((indices) => (total === 0 ? 0 : (count * indices.length) / total));
  const taken = exact.map((share, i) => Math.min(Math.floor(share), most[i]!));
  const order = exact.map((_, i) => i).sort((i, j) => exact[j]! - Math.floor(exact[j]!) - (exact[i]! - Math.floor(exact[i]!)) || i - j);
  let missing = count - taken.reduce((sum, n) => sum + n, 0);
  while (missing > 0) {
    for (const i of order) {
      if (missing === 0) break;
      if (taken[i]! >= most[i]!) continue;
      taken[i]!++;
      missing--;
    }
  }
  return taken;
}

function choose(
  classes: readonly number[][],
  take: readonly number[],
  total: number,
  random: Random,
): { kept: Int32Array; held: Int32Array } {
  const chosen = new Uint8Array(total);
  let count = 0;
  classes.forEach((indices, c) => {
    const shuffled = random.shuffle(Int32Array.from(indices));
    for (const index of shuffled.subarray(0, take[c])) chosen[index] = 1;
    count += take[c]!;
  });
  const held = new Int32Array(count);
  const kept = new Int32Array(total - count);
  let h = 0;
  let k = 0;
  chosen.forEach((is, index) => {
    if (is) held[h++] = index;
    else kept[k++] = index;
  });
  return { kept, held };
}
