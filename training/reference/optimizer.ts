/** Optimizer updates in place: `next_…` outputs are the inputs' own memory. */
import { at, type ReferenceIo } from "../../src/reference/kernel.ts";
import { ADAM_HYPER, SGD_HYPER } from "../ops/defs/optimizer.ts";

function hyper<const Names extends readonly string[]>(io: ReferenceIo<unknown>, names: Names): Record<Names[number], number> {
  return Object.fromEntries(names.map((name, i) => [name, at(io.input("hyper"), i)])) as Record<Names[number], number>;
}

/** sign(p) · max(0, |p| − threshold) */
const softThreshold = (p: number, threshold: number): number => Math.sign(p) * Math.max(0, Math.abs(p) - threshold);

export function sgd(io: ReferenceIo<{ readonly nesterov: boolean; readonly proximal: boolean }>): void {
  const { nesterov, proximal } = io.attrs;
  const { rate, momentum, weight_decay, l1 } = hyper(io, SGD_HYPER);
  const param = io.output("next_param");
  const velocity = io.output("next_velocity");
  const grad = io.input("grad");
  for (let i = 0; i < param.length; i++) {
    const p = at(param, i);
    const g = at(grad, i) + weight_decay * p + (proximal ? 0 : l1 * Math.sign(p));
    const v = momentum * at(velocity, i) + g;
    const next = p - rate * (nesterov ? g + momentum * v : v);
    velocity[i] = v;
    param[i] = proximal ? softThreshold(next, rate * l1) : next;
  }
}

export function adam(io: ReferenceIo<{ readonly decoupled: boolean; readonly proximal: boolean }>): void {
  const { decoupled, proximal } = io.attrs;
  const { rate, beta1, beta2, eps, weight_decay, l1, correction1, correction2 } = hyper(io, ADAM_HYPER);
  const param = io.output("next_param");
  const firstMoment = io.output("next_m");
  const secondMoment = io.output("next_v");
  const grad = io.input("grad");
  for (let i = 0; i < param.length; i++) {
    const p = at(param, i);
    const g = at(grad, i) + (decoupled ? 0 : weight_decay * p) + (proximal ? 0 : l1 * Math.sign(p));
    const m = beta1 * at(firstMoment, i) + (1 - beta1) * g;
    const v = beta2 * at(secondMoment, i) + (1 - beta2) * g * g;
    const decayed = decoupled ? p - rate * weight_decay * p : p;
    const next = decayed - (rate * (m / correction1)) / (Math.sqrt(v / correction2) + eps);
    firstMoment[i] = m;
    secondMoment[i] = v;
    param[i] = proximal ? softThreshold(next, rate * l1) : next;
  }
}
