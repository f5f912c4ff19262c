/**
 * Optimizers: which update node a parameter group gets, and the numbers that go into it at each step. Rates are computed in float64 and handed
 * to the graph as its `hyper` inputs, so that a schedule never changes the graph.
 */
import { InputError } from "../src/errors.ts";
import type { Attr } from "../src/graph/graph.ts";
import type { GroupSettings } from "./groups.ts";
import { ADAM_HYPER, SGD_HYPER } from "./ops/defs/optimizer.ts";

/** The rate is that at the schedule's factor 1; no momentum and no weight decay unless given, which is added to the gradient. */
export interface SgdOptions {
  readonly rate: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** The rate is that at the schedule's factor 1; defaults stand at `adam` and `adamw`. */
export interface AdamOptions {
  readonly rate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  readonly weightDecay?: number;
}

/** An optimizer as plain JSON. */
export type OptimizerSettings =
  | ({ readonly kind: "sgd" } & Required<SgdOptions>)
  | ({ readonly kind: "adam" | "adamw" } & Required<AdamOptions>);

/** A rule of updates, as settings, an op, and the numbers that the op takes at each step. */
export interface Optimizer {
  readonly settings: OptimizerSettings;
  /** The update's op and attributes. */
  readonly op: "sgd" | "adam";
  readonly attrs: Readonly<Record<string, Attr>>;
  /** Slots of the tensors that it keeps for each parameter, all starting at zero. */
  readonly moments: readonly string[];
  /** How many numbers `hyper` gives. */
  readonly hyperSize: number;
  /** The op's `hyper` for the update after `step` finished ones; `factor`: the schedule's. */
  hyper(step: number, factor: number, group: GroupSettings): number[];
}

/** Stochastic gradient descent with momentum, as PyTorch's. Defaults: momentum 0.9, no Nesterov, no weight decay. */
export function sgd(options: SgdOptions): Optimizer {
  const { rate, momentum = 0.9, nesterov = false, weightDecay = 0 } = options;
  check("sgd", { rate, weightDecay }, { momentum });
  if (nesterov && momentum === 0) throw new InputError("E_OPTION", "sgd: nesterov needs a momentum above 0");
  return {
    settings: { kind: "sgd", rate, momentum, nesterov, weightDecay },
    op: "sgd",
    attrs: { nesterov },
    moments: ["velocity"],
    hyperSize: SGD_HYPER.length,
    hyper(_, factor, group) {
      const values: Record<(typeof SGD_HYPER)[number], number> = {
        rate: rate * factor * (group.rateScale ?? 1),
        momentum,
        weight_decay: group.weightDecay ?? weightDecay,
        l1: group.l1?.strength ?? 0,
      };
      return SGD_HYPER.map((name) => values[name]);
    },
  };
}

/** Adam, as PyTorch's: weight decay is added to the gradient. Defaults: β 0.9 and 0.999, eps 1e-8, no weight decay. */
export const adam = (options: AdamOptions): Optimizer => makeAdam("adam", { weightDecay: 0, ...options });

/** Adam with decoupled weight decay, as PyTorch's. The same defaults, but a weight decay of 0.01. */
export const adamw = (options: AdamOptions): Optimizer => makeAdam("adamw", { weightDecay: 0.01, ...options });

function makeAdam(kind: "adam" | "adamw", options: AdamOptions & { readonly weightDecay: number }): Optimizer {
  const { rate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay } = options;
  check(kind, { rate, eps, weightDecay }, { beta1, beta2 });
  return {
    settings: { kind, rate, beta1, beta2, eps, weightDecay },
    op: "adam",
    attrs: { decoupled: kind === "adamw" },
    moments: ["m", "v"],
    hyperSize: ADAM_HYPER.length,
    hyper(step, factor, group) {
      const values: Record<(typeof ADAM_HYPER)[number], number> = {
        rate: rate * factor * (group.rateScale ?? 1),
        beta1,
        beta2,
        eps,
        weight_decay: group.weightDecay ?? weightDecay,
        l1: group.l1?.strength ?? 0,
        correction1: 1 - beta1 ** (step + 1),
        correction2: 1 - beta2 ** (step + 1),
      };
      return ADAM_HYPER.map((name) => values[name]);
    },
  };
}

/** The optimizer of these settings. Throws InputError E_OPTION for impossible ones. */
export function optimizerFrom(settings: OptimizerSettings): Optimizer {
  if (settings.kind === "sgd") return sgd(settings);
  if (settings.kind === "adam" || settings.kind === "adamw") return makeAdam(settings.kind, settings);
  throw new InputError("E_OPTION", `no optimizer "${(settings as { kind: unknown }).kind}"; there are sgd, adam, adamw`);
}

function check(kind: string, notNegative: Readonly<Record<string, number>>, shares: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(notNegative)) {
    if (!Number.isFinite(value) || value < 0)
      throw new InputError("E_OPTION", `${kind}: ${name} is ${value}; give a finite number of 0 or more`);
  }
  for (const [name, value] of Object.entries(shares)) {
    if (!(value >= 0 && value < 1)) throw new InputError("E_OPTION", `${kind}: ${name} is ${value}; give a number from 0 to below 1`);
  }
}
