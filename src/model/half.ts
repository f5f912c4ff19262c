/** 16-bit floats, which files hold and kernels do not. */

/** The number that an IEEE 754 half (1 sign, 5 exponent, 10 fraction bits) stands for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The nearest half, ties to even; beyond 65,504 infinity. */
export function toHalf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // The exponent of the half, and how many steps of its spacing fit into x; a carry into 1024 or 2048 steps is the next exponent's first half.
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const steps = roundToEven(size * 2 ** (10 - exponent));
  return sign | (((exponent + 14) << 10) + steps);
}

/** For 0 ≤ x < 2^52: adding 2^52 leaves no bits for a fraction. */
const roundToEven = (x: number): number => x + 2 ** 52 - 2 ** 52;
