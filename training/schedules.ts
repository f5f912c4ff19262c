/** Schedules: by what the optimizer's rate is multiplied at each step. Pure functions of the step and the number of all steps. */
import { InputError } from "../src/errors.ts";

interface WarmUp {
  /** Share of all steps over which the rate first rises, in equal parts; the schedule proper fills the rest. 0 unless given. */
  readonly warmup?: number;
}

/** Of `constant`. */
export type ConstantOptions = WarmUp;

/** Of `step`. */
export interface StepOptions extends WarmUp {
  /** Shares of the steps at which the rate falls, such as [0.5, 0.75]. */
  readonly at: readonly number[];
  /** What it is multiplied by there; 0.1 unless given. */
  readonly factor?: number;
}

/** Of `cosine`. */
export interface CosineOptions extends WarmUp {
  /** Factor at the end; 0 unless given. */
  readonly end?: number;
}

/** Of `oneCycle`. */
export interface OneCycleOptions extends WarmUp {
  /** Factors at the start (1/25 unless given) and at the end (4e-6). */
  readonly start?: number;
  readonly end?: number;
  /** Share of the steps at which the factor is 1; 0.3 unless given. */
  readonly peak?: number;
}

/** A schedule as plain JSON; `custom` is a function of the user's, which a checkpoint cannot hold. */
export type ScheduleSettings =
  | ({ readonly kind: "constant" } & Required<ConstantOptions>)
  | ({ readonly kind: "step" } & Required<StepOptions>)
  | ({ readonly kind: "cosine" } & Required<CosineOptions>)
  | ({ readonly kind: "one-cycle" } & Required<OneCycleOptions>)
  | { readonly kind: "custom" };

/** How the rate changes over a run. */
export interface Schedule {
  readonly settings: ScheduleSettings;
  /** Factor of the rate for the update after `step` finished ones of `steps`. */
  factor(step: number, steps: number): number;
}

/** The same rate throughout. */
export function constant({ warmup = 0 }: ConstantOptions = {}): Schedule {
  return make({ kind: "constant", warmup }, warmup, () => 1);
}

/** The rate falls by a factor at some points. */
export function step({ at, factor = 0.1, warmup = 0 }: StepOptions): Schedule {
  check("step", { factor }, Object.fromEntries(at.map((share, i) => [`at[${i}]`, share])));
  return make(
    { kind: "step", at: [...at], factor, warmup },
    warmup,
    (done, steps) => factor ** at.filter((share) => done >= share * steps).length,
  );
}

/** Half a cosine from 1 to `end`. */
export function cosine({ end = 0, warmup = 0 }: CosineOptions = {}): Schedule {
  check("cosine", { end }, {});
  return make({ kind: "cosine", end, warmup }, warmup, (done, steps) => between(1, end, done / steps));
}

/** Up to the full rate and down again, half a cosine each: PyTorch's OneCycleLR, the momentum left as it is. */
export function oneCycle({ start = 1 / 25, end = 4e-6, peak = 0.3, warmup = 0 }: OneCycleOptions = {}): Schedule {
  check("one-cycle", { start, end }, { peak });
  return make({ kind: "one-cycle", start, end, peak, warmup }, warmup, (done, steps) => {
    const top = Math.max(0, peak * steps - 1);
    return done < top ? between(start, 1, done / top) : between(1, end, (done - top) / Math.max(1, steps - 1 - top));
  });
}

/** Half a cosine from `from` to `to` as `progress` goes from 0 to 1. */
const between = (from: number, to: number, progress: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

function make(settings: ScheduleSettings, warmup: number, factor: (done: number, steps: number) => number): Schedule {
  check(settings.kind, {}, { warmup });
  return {
    settings,
    factor(done, steps) {
      const rising = Math.round(warmup * steps);
      return done < rising ? (factor(0, steps - rising) * (done + 1)) / (rising + 1) : factor(done - rising, steps - rising);
    },
  };
}

/** The schedule of these settings. Throws InputError E_OPTION for impossible ones, and for `custom`. */
export function scheduleFrom(settings: ScheduleSettings): Schedule {
  switch (settings.kind) {
    case "constant":
      return constant(settings);
    case "step":
      return step(settings);
    case "cosine":
      return cosine(settings);
    case "one-cycle":
      return oneCycle(settings);
    case "custom":
      throw new InputError("E_OPTION", "the schedule is a function of the user's, which no file can hold; give it again as `schedule`");
    default:
      throw new InputError(
        "E_OPTION",
        `no schedule "${(settings as { kind: unknown }).kind}"; there are constant, step, cosine, one-cycle`,
      );
  }
}

function check(kind: string, notNegative: Readonly<Record<string, number>>, shares: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(notNegative)) {
    if (!Number.isFinite(value) || value < 0)
      throw new InputError("E_OPTION", `${kind} schedule: ${name} is ${value}; give a finite number of 0 or more`);
  }
  for (const [name, value] of Object.entries(shares)) {
    if (!(value >= 0 && value < 1))
      throw new InputError("E_OPTION", `${kind} schedule: ${name} is ${value}; give a share from 0 to below 1`);
  }
}
