/** Gradients by central differences, the oracle that needs to know nothing about derivatives. */
import { expect } from "vitest";

/** ∂f/∂x[i] ≈ (f(x + h·e_i) − f(x − h·e_i)) / 2h. In float64 and with h near 1e-5 it is good to some 1e-9 where f is smooth. `x` is left as it was. */
export function numericalGradient(f: (x: Float64Array) => number, x: Float64Array, h = 1e-5): Float64Array {
  const moved = x.slice();
  return x.map((value, i) => {
    moved[i] = value + h;
    const above = f(moved);
    moved[i] = value - h;
    const below = f(moved);
    moved[i] = value;
    return (above - below) / (2 * h);
  });
}

/** Fails unless each element of `analytic` is within `tolerance` of the largest numerical one. */
export function expectGradient(what: string, analytic: Float64Array, numerical: Float64Array, tolerance = 1e-6): void {
  expect(analytic.length, `elements of ${what}`).toBe(numerical.length);
  const largest = numerical.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest, `${what}: a gradient of zeros proves nothing`).toBeGreaterThan(0);
  let worst = 0;
  analytic.forEach((value, i) => {
    const error = Math.abs(value - (numerical[i] as number));
    if (!(error <= Math.abs((analytic[worst] as number) - (numerical[worst] as number)))) worst = i;
  });
  const error = Math.abs((analytic[worst] as number) - (numerical[worst] as number)) / largest;
  expect(error, `${what}[${worst}]: ${analytic[worst]} by the op, ${numerical[worst]} by differences`).toBeLessThan(tolerance);
}
