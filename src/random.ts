/**
 * The one source of randomness: initialisation, shuffles, splits and augmentation all draw from it, so that a seed fixes a whole run.
 *
 * xoshiro128** (Blackman and Vigna): 128 bits of state, 32 bits a draw, period 2^128 - 1. Everything that a generator remembers is in
 * `state()`: nothing is cached between calls, so a run resumed from a saved state draws the very same numbers.
 */
import { InputError } from "./errors.ts";

type Words = [number, number, number, number];

const GOLDEN = 0x9e3779b9; // 2^32 / golden ratio: separates the lanes
const TWO_32 = 2 ** 32;
const MAX_REJECTIONS = 100_000;

/** A seeded generator: the same seed gives the same numbers everywhere; `fork` gives independent streams by name. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** A generator from a seed: any finite number or text. Equal seeds give equal streams. */
  constructor(seed: number | string = 0) {
    [this.#a, this.#b, this.#c, this.#d] = typeof seed === "number" ? hash([1, ...numberWords(seed)]) : hash([2, ...textWords(seed)]);
  }

  /** The generator that continues where `state()` was taken. Throws `E_INPUT` unless given four unsigned 32-bit numbers, not all zero. */
  static from(state: readonly number[]): Random {
    const sound =
      state.length === 4 && state.every((word) => Number.isInteger(word) && word >= 0 && word < TWO_32) && state.some((word) => word !== 0);
    if (!sound) {
      throw new InputError(
        "E_INPUT",
        `random state [${state.slice(0, 8).join(", ")}]: give the four unsigned 32-bit numbers that state() returned`,
      );
    }
    const random = new Random();
    [random.#a, random.#b, random.#c, random.#d] = state as unknown as Words;
    return random;
  }

  /** All that determines the numbers to come: four unsigned 32-bit integers, fit for JSON. */
  state(): number[] {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  /** A new generator, independent of this one and of forks under other labels. It depends on this one's state, and does not advance it. */
  fork(label: string | number): Random {
    return Random.from(hash([3, ...this.state(), ...textWords(String(label))]));
  }

  /** 32 random bits as an unsigned integer. */
  uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    const c = this.#c ^ this.#a;
    const d = this.#d ^ this.#b;
    this.#b = (this.#b ^ c) >>> 0;
    this.#a = (this.#a ^ d) >>> 0;
    this.#c = (c ^ shifted) >>> 0;
    this.#d = rotateLeft(d, 11) >>> 0;
    return scrambled;
  }

  /** Uniform in [0, 1), with all 53 bits of a float64 random. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A uniform integer in [0, n), without modulo bias; n from 1 to 2^32. */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32)
      throw new InputError("E_OPTION", `random integer below ${n}: give an integer from 1 to 2^32`);
    const whole = TWO_32 - (TWO_32 % n);
    let draw = this.uint32();
    while (draw >= whole) draw = this.uint32();
    return draw % n;
  }

  /** A normal number. Box-Muller; its second number is thrown away, because keeping it would be state that `state()` does not show. */
  normal(mean = 0, std = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + std * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A normal number of N(mean, std²) conditioned on [low, high], by rejection. Throws `E_OPTION` where that range is empty or all but impossible. */
  truncatedNormal(mean: number, std: number, low: number, high: number): number {
    if (low < high) {
      for (let tries = 0; tries < MAX_REJECTIONS; tries++) {
        const value = this.normal(mean, std);
        if (value >= low && value <= high) return value;
      }
    }
    throw new InputError(
      "E_OPTION",
      `truncated normal N(${mean}, ${std}²) on [${low}, ${high}]: practically never falls there; give low < high within a few standard deviations of the mean`,
    );
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle(array: Int32Array): Int32Array {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = array[i] as number;
      array[i] = array[j] as number;
      array[j] = kept;
    }
    return array;
  }
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The two halves of the float64, so that fractional, negative and huge seeds differ as well. */
function numberWords(value: number): number[] {
  if (!Number.isFinite(value)) throw new InputError("E_OPTION", `seed ${value}: give a finite number or a text`);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value); // -0 and 0 are one seed
  return [view.getUint32(0), view.getUint32(4)];
}

function textWords(text: string): number[] {
  return [text.length, ...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))];
}

/** Any number of 32-bit words → a state: four lanes, each a hash of all words, kept apart by their start and their step. */
function hash(words: readonly number[]): Words {
  const lanes: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]; // the first bits of π's fraction
  for (const word of words) {
    for (let i = 0; i < 4; i++) lanes[i] = mix((lanes[i] as number) ^ mix(word + Math.imul(GOLDEN, i + 1)));
  }
  if (lanes.every((lane) => lane === 0)) lanes[0] = 1; // the one state that xoshiro never leaves
  return lanes;
}

/** The 32-bit finalizer of MurmurHash3: a bijection in which each bit of the input flips about half of the output's. */
function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
