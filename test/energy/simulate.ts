/** A device whose every joule is known, and meters that see it with noise, steps, gaps and clocks of their own. */
import type { Analysable } from "../../energy/analyse.ts";
import { scheduleOf } from "../../energy/protocol/schedule.ts";
import { secondsOf } from "../../energy/protocol/settings.ts";
import { CHIP_SECONDS, SYNC_CHIPS } from "../../energy/protocol/sync.ts";
import { type Arm, type ArmName, COMPARISONS, type Mark, type Marks, type Samples, type Settings } from "../../energy/record.ts";
import type { Channel, SourceInfo } from "../../energy/source.ts";
import { Random } from "../../src/random.ts";

export interface Truth {
  readonly seed: number;
  /** Watts of each arm above idle, and its milliseconds per inference. */
  readonly load: Readonly<Record<ArmName, { readonly watts: number; readonly ms: number }>>;
  readonly idleWatts: number;
  /** Relative standard deviation of what a window's load takes. */
  readonly windowNoise: number;
  /** Standard deviation in watts of a slow wandering, and its time constant in seconds. */
  readonly wandering: { readonly watts: number; readonly seconds: number };
  /** Watts by which idle power rises in an hour. */
  readonly driftPerHour: number;
  /** From this share of the run on, clocks fall: latencies and watts change by these factors. */
  readonly throttle?: { readonly at: number; readonly ms: number; readonly watts: number };
}

export const truth = (seed: number, saving = 0, more: Partial<Truth> = {}): Truth => ({
  seed,
  load: { A: { watts: 6, ms: 8 }, N: { watts: 6, ms: 8 }, B: { watts: 6, ms: 8 * (1 - saving) }, C: { watts: 6, ms: 8 } },
  idleWatts: 4,
  windowNoise: 0.02,
  wandering: { watts: 0.05, seconds: 90 },
  driftPerHour: 0.1,
  ...more,
});

export const settings = (more: Partial<Settings> = {}): Settings => ({
  ...{
    mode: "work",
    pairs: 20,
    nullPairs: 0,
    controlPairs: 0,
    windowSeconds: 60,
    settleSeconds: 2,
    idleSeconds: 120,
    warmupSeconds: 20,
    sync: false,
    seed: 1,
  },
  ...more,
});

const ORIGIN = 1_760_000_000_000;

/** What the device did, and its true watts second by second of a fine grid. */
export interface Life {
  readonly marks: Mark[];
  readonly start: number;
  readonly stepMs: number;
  readonly watts: Float64Array;
  /** Joules since `start`. */
  joulesAt(t: number): number;
  readonly settings: Settings;
}

export function live(device: Truth, plan: Settings, stepMs = 250): Life {
  const random = new Random(`life ${device.seed}`);
  const total = secondsOf(plan) + 200;
  const steps = Math.ceil((1000 * total) / stepMs);
  const load = new Float64Array(steps);
  const marks: Mark[] = [];
  let now = ORIGIN + 20_000;
  const fill = (from: number, to: number, watts: number): void => {
    for (let i = Math.round((from - ORIGIN) / stepMs); i < Math.round((to - ORIGIN) / stepMs); i++) load[i] = watts;
  };
  const rest = (seconds: number): void => {
    now += 1000 * seconds;
  };
  const sync = (): void => {
    const start = now;
    for (const chip of SYNC_CHIPS) {
      if (chip === 1) fill(now, now + 1000 * CHIP_SECONDS, device.load.A.watts);
      rest(CHIP_SECONDS);
    }
    marks.push({ kind: "sync", start, end: now });
  };
  const idle = (when: "before" | "after"): void => {
    marks.push({ kind: "idle", when, start: now, end: now + 1000 * plan.idleSeconds });
    rest(plan.idleSeconds);
  };
  if (plan.sync) sync();
  idle("before");
  for (const slot of scheduleOf(plan)) {
    const { watts, ms } = device.load[slot.arm];
    const slow = device.throttle && now - ORIGIN > 1000 * total * device.throttle.at ? device.throttle : { ms: 1, watts: 1 };
    const busy = plan.mode === "rate" ? Math.min(1, ((plan.rate ?? 1) * ms * slow.ms) / 1000) : 1;
    const noise = 1 + device.windowNoise * random.normal();
    const span = 1000 * (plan.settleSeconds + plan.windowSeconds);
    fill(now, now + span, watts * slow.watts * busy * noise);
    const start = now + 1000 * plan.settleSeconds;
    const per = plan.mode === "rate" ? 1000 / (plan.rate ?? 1) : ms * slow.ms;
    const inferences = Math.round((1000 * plan.windowSeconds) / per);
    const mean = ms * slow.ms;
    marks.push({ kind: "window", ...slot, start, end: now + span, inferences, latency: { meanMs: mean, medianMs: mean, p95Ms: mean } });
    now += span;
  }
  idle("after");
  if (plan.sync) sync();
  const watts = new Float64Array(steps);
  const keep = Math.exp(-stepMs / 1000 / device.wandering.seconds);
  let wander = device.wandering.watts * random.normal();
  for (let i = 0; i < steps; i++) {
    wander = keep * wander + Math.sqrt(1 - keep ** 2) * device.wandering.watts * random.normal();
    watts[i] = device.idleWatts + (device.driftPerHour * i * stepMs) / 3.6e6 + wander + (load[i] as number);
  }
  const joules = new Float64Array(steps + 1);
  for (let i = 0; i < steps; i++) joules[i + 1] = (joules[i] as number) + ((watts[i] as number) * stepMs) / 1000;
  const joulesAt = (t: number): number => {
    const at = Math.min(Math.max(0, (t - ORIGIN) / stepMs), steps);
    const low = Math.floor(at);
    return (joules[low] as number) + (at - low) * ((joules[Math.min(low + 1, steps)] as number) - (joules[low] as number));
  };
  return { marks, start: ORIGIN, stepMs, watts, joulesAt, settings: plan };
}

export interface Meter {
  readonly kind: Channel["kind"];
  readonly everyMs: number;
  /** Joules after which a counter starts again. */
  readonly range?: number;
  readonly resolution?: number;
  /** Relative noise of each power reading. */
  readonly noise?: number;
  readonly dropped?: number;
  readonly duplicated?: number;
  /** Its clock: what it shows is (t − offset) / (1 + drift). */
  readonly clock?: { readonly offsetMs: number; readonly drift: number };
  /** Share of the run after which a charger feeds the device. */
  readonly charger?: number;
}

export const counter: Meter = { kind: "counter", everyMs: 1000, range: 262_143.328, resolution: 1e-6 };

export function see(life: Life, meter: Meter, seed = 0): { samples: Samples; source: SourceInfo } {
  const random = new Random(`meter ${seed}`);
  const { kind, everyMs, range, resolution, noise = 0, dropped = 0, duplicated = 0, clock = { offsetMs: 0, drift: 0 } } = meter;
  const last = life.start + life.watts.length * life.stepMs;
  const t: number[] = [];
  const values: number[] = [];
  const faults: { t: number; why: string }[] = [];
  const first = range === undefined ? 0 : range * random.uniform();
  for (let at = life.start; at < last; at += everyMs) {
    if (random.uniform() < dropped) continue;
    const shown = (at - clock.offsetMs) / (1 + clock.drift);
    const joules = life.joulesAt(at);
    const power = (life.joulesAt(at + everyMs / 2) - life.joulesAt(at - everyMs / 2)) / (everyMs / 1000);
    const exact = kind === "counter" ? (first + joules) % (range ?? Number.POSITIVE_INFINITY) : power * (1 + noise * random.normal());
    const value = resolution === undefined ? exact : Math.floor(exact / resolution) * resolution;
    for (let times = random.uniform() < duplicated ? 2 : 1; times > 0; times--) {
      t.push(shown);
      values.push(value);
    }
    if (meter.charger !== undefined && faults.length === 0 && at > life.start + meter.charger * (last - life.start))
      faults.push({ t: shown, why: "a charger was plugged in" });
  }
  const channel: Channel = {
    id: "all",
    covers: "everything",
    contains: [],
    kind,
    unit: "J",
    scale: 1,
    ...(range && { range }),
    ...(resolution && { resolution }),
  };
  return {
    samples: { t, values: { all: values }, faults },
    source: { id: "simulated", covers: "everything", headline: ["all"], channels: [channel], intervalMs: everyMs },
  };
}

const armOf = (arm: ArmName): Arm => ({
  arm,
  model: `${arm}.safetensors`,
  bytes: 1,
  params: 1,
  macs: 1,
  backend: "wasm",
  threads: 1,
  settled: true,
});

const armsOf = (life: Life): Arm[] =>
  [...new Set(Object.values(COMPARISONS).flat())].filter((arm) => life.marks.some((mark) => mark.arm === arm)).map(armOf);

export const marksOfLife = (life: Life, more: Partial<Marks> = {}): Marks => ({
  ...{ format: "swivel-energy-marks", version: 1, tool: "test", date: "2026-01-01T00:00:00Z", device: { os: "test" } },
  ...{ settings: life.settings, interrupted: false, arms: armsOf(life), marks: life.marks, ...more },
});

export function recordOf(life: Life, meter: Meter = counter, seed = 0): Analysable {
  const { samples, source } = see(life, meter, seed);
  const clock = { how: "same clock", offsetMs: 0, drift: 0, uncertaintyMs: 0 } as const;
  return { settings: life.settings, interrupted: false, arms: armsOf(life), source, clock, marks: life.marks, samples };
}
