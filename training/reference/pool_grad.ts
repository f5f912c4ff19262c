/** Each window's dy goes to its first largest pixel (max), or is shared by its pixels (average). */
import { asChannels, at, type ReferenceIo } from "../../src/reference/kernel.ts";
import { type AvgPoolAttrs, eachPooled, type PoolAttrs, poolDivisors } from "../../src/reference/pool.ts";

export function maxPoolDx(io: ReferenceIo<PoolAttrs>): void {
  const x = io.input("x");
  const dy = io.input("dy");
  const dx = io.output("dx");
  const winner = new Map<number, number>();
  eachPooled(io.shape("x"), io.shape("dy"), io.attrs, (xi, yi) => {
    const best = winner.get(yi);
    if (best === undefined || at(x, xi) > at(x, best)) winner.set(yi, xi);
  });
  for (const [yi, xi] of winner) dx[xi] = at(dx, xi) + at(dy, yi);
}

export function avgPoolDx(io: ReferenceIo<AvgPoolAttrs>): void {
  const dy = io.input("dy");
  const dx = io.output("dx");
  const divisors = poolDivisors(io.shape("dx"), io.shape("dy"), io.attrs);
  eachPooled(io.shape("dx"), io.shape("dy"), io.attrs, (xi, yi) => {
    dx[xi] = at(dx, xi) + at(dy, yi) / at(divisors, yi);
  });
}

export function globalAvgPoolDx(io: ReferenceIo<unknown>): void {
  const dy = io.input("dy");
  const dx = io.output("dx");
  const [, , pixels] = asChannels(io.shape("dx"));
  for (let i = 0; i < dx.length; i++) dx[i] = at(dy, Math.floor(i / pixels)) / pixels;
}
