/** Runs a measurement's schedule on whatever can run a network, in Node or on a page, and writes down what ran when. It reads no energy itself. */
import { AbortedError, EnergyError } from "../../src/errors.ts";
import type { Arm, ArmName, Latency, Mark, Settings } from "../record.ts";
import { quantile } from "../trace.ts";
import { type Slot, scheduleOf } from "./schedule.ts";
import { CHIP_SECONDS, SYNC_CHIPS } from "./sync.ts";
import { isSettled } from "./warmup.ts";

/** A network that is loaded. */
export interface Workload {
  /** One inference; `index` counts from 0, so that each takes the next input. */
  run(index: number): Promise<void>;
  /** What the record keeps of it, asked when all is done. */
  facts(): Omit<Arm, "arm" | "settled">;
  dispose(): void;
}

/** An arm before it is loaded. */
export interface Contender {
  readonly arm: ArmName;
  load(): Promise<Workload>;
}

/** Clock and loop of the place where it runs. */
export interface Host {
  /** Milliseconds on the clock of Date.now(), but never going back. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Lets timers and events have their turn between two inferences. */
  breathe(): Promise<void>;
  /** Called at each edge of a mark, so that a counter can be read at that very moment. */
  edge?(): Promise<void>;
  /** Ends the run early: what was finished is kept. */
  readonly signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

/** How far the protocol has come. */
export interface Progress {
  readonly what: string;
  /** Windows. */
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number;
}

/** What was done, and when. */
export interface Course {
  readonly marks: readonly Mark[];
  readonly arms: readonly Arm[];
  readonly interrupted: boolean;
}

const BREATH_MS = 20;
/** The idle loop wakes up so often, as the loop that waits for the next frame does. */
const IDLE_STEP_MS = 50;
const LEAST_WARMUP_SECONDS = 5;
const WARMUP_STEP_SECONDS = 2;

/** Thrown inside where the signal fired; what was finished is kept. */
class Stopped extends Error {}

/**
 * Loads, idles, warms up, runs all windows and idles again. Throws what a workload throws; EnergyError E_MEASUREMENT where an inference takes longer than a
 * window; AbortedError where the signal fires before the first window.
 */
export async function runCourse(contenders: readonly Contender[], settings: Settings, host: Host): Promise<Course> {
  const course = new Running(settings, host);
  try {
    const interrupted = await course.run(contenders);
    return { marks: course.marks, arms: course.arms(), interrupted };
  } finally {
    course.dispose();
  }
}

class Running {
  readonly marks: Mark[] = [];
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #loaded = new Map<ArmName, Workload>();
  readonly #settled = new Map<ArmName, boolean>();
  readonly #counts = new Map<ArmName, number>();

  constructor(settings: Settings, host: Host) {
    this.#settings = settings;
    this.#host = host;
  }

  arms(): Arm[] {
    return [...this.#loaded].map(([arm, workload]) => ({ arm, ...workload.facts(), settled: this.#settled.get(arm) ?? false }));
  }

  dispose(): void {
    for (const workload of this.#loaded.values()) workload.dispose();
  }

  /** True where it was stopped early. */
  async run(contenders: readonly Contender[]): Promise<boolean> {
    const { sync, idleSeconds } = this.#settings;
    const slots = scheduleOf(this.#settings);
    const left = (done: number): number => {
      const { windowSeconds, settleSeconds } = this.#settings;
      return (slots.length - done) * (windowSeconds + settleSeconds) + idleSeconds * (done === 0 ? 2 : 1);
    };
    const tell = (what: string, done: number) => this.#host.onProgress?.({ what, done, total: slots.length, secondsLeft: left(done) });
    try {
      for (const { arm, load } of contenders) {
        tell(`loading ${arm}`, 0);
        await this.#mark({ kind: "load", arm }, async () => void this.#loaded.set(arm, await load()));
      }
      if (sync) {
        tell("sync pattern", 0);
        await this.#sync();
      }
      tell("idling", 0);
      await this.#mark({ kind: "idle", when: "before" }, () => this.#idle(idleSeconds));
      for (const arm of this.#loaded.keys()) {
        tell(`warming ${arm} up`, 0);
        await this.#warmUp(arm);
      }
      for (const [done, slot] of slots.entries()) {
        tell(`${slot.comparison}, block ${slot.block + 1}: ${slot.arm}`, done);
        await this.#window(slot);
      }
      tell("idling", slots.length);
      await this.#mark({ kind: "idle", when: "after" }, () => this.#idle(idleSeconds));
      if (sync) {
        tell("sync pattern", slots.length);
        await this.#sync();
      }
      return false;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      if (this.marks.some(({ kind }) => kind === "window")) return true;
      throw new AbortedError("the measurement", { cause: this.#host.signal?.reason });
    }
  }

  #check(): void {
    if (this.#host.signal?.aborted) throw new Stopped();
  }

  /** Only what comes to its end is written down. */
  async #mark<T>(facts: Omit<Mark, "start" | "end">, work: () => Promise<T>, more?: (result: T) => Partial<Mark>): Promise<void> {
    this.#check();
    await this.#host.edge?.();
    const start = this.#host.now();
    const result = await work();
    const end = this.#host.now();
    await this.#host.edge?.();
    this.marks.push({ ...facts, start, end, ...more?.(result) });
  }

  async #idle(seconds: number): Promise<void> {
    const end = this.#host.now() + 1000 * seconds;
    for (let left = 1000 * seconds; left > 0; left = end - this.#host.now()) {
      this.#check();
      await this.#host.sleep(Math.min(IDLE_STEP_MS, left));
    }
  }

  /** Runs an arm for so long, at the mode's pace; returns each inference's milliseconds. */
  async #load(arm: ArmName, seconds: number): Promise<number[]> {
    const { mode, rate = 1 } = this.#settings;
    const workload = this.#loaded.get(arm) as Workload;
    const { now, breathe, sleep } = this.#host;
    const start = now();
    const end = start + 1000 * seconds;
    const times: number[] = [];
    for (let breath = start, due = start; now() < end; ) {
      this.#check();
      const began = now();
      const index = this.#counts.get(arm) ?? 0;
      this.#counts.set(arm, index + 1);
      await workload.run(index);
      times.push(now() - began);
      if (mode === "rate") {
        due += 1000 / rate;
        await sleep(Math.max(0, Math.min(due, end) - now()));
      } else if (now() - breath >= BREATH_MS) {
        await breathe();
        breath = now();
      }
    }
    return times;
  }

  async #warmUp(arm: ArmName): Promise<void> {
    const { warmupSeconds } = this.#settings;
    let settled = false;
    await this.#mark(
      { kind: "warm-up", arm },
      async () => {
        let times: number[] = [];
        for (let seconds = 0; seconds < warmupSeconds && !settled; ) {
          const step = Math.min(WARMUP_STEP_SECONDS, warmupSeconds - seconds);
          times = times.concat(await this.#load(arm, step));
          seconds += step;
          // the first half is where the slope is
          settled = seconds >= Math.min(LEAST_WARMUP_SECONDS, warmupSeconds) && isSettled(times.slice(times.length >> 1));
        }
        return times;
      },
      (times) => ({ inferences: times.length, ...(times.length > 0 && { latency: latencyOf(times) }) }),
    );
    this.#settled.set(arm, settled);
  }

  async #window({ arm, ...place }: Slot): Promise<void> {
    const { settleSeconds, windowSeconds } = this.#settings;
    if (settleSeconds > 0) await this.#load(arm, settleSeconds);
    await this.#mark(
      { kind: "window", arm, ...place },
      () => this.#load(arm, windowSeconds),
      (times) => {
        return { inferences: times.length, latency: latencyOf(times) };
      },
    );
    const last = this.marks.at(-1) as Mark;
    if (last.end - last.start > 2000 * windowSeconds) {
      throw new EnergyError(
        "E_MEASUREMENT",
        `an inference of ${arm} takes longer than a window of ${windowSeconds} s; take longer windows`,
      );
    }
  }

  async #sync(): Promise<void> {
    const [arm] = this.#loaded.keys();
    await this.#mark({ kind: "sync" }, async () => {
      const start = this.#host.now();
      for (const [i, chip] of SYNC_CHIPS.entries()) {
        // each chip ends when it should, however long the last inference took
        const left = (start + 1000 * CHIP_SECONDS * (i + 1) - this.#host.now()) / 1000;
        if (left > 0) await (chip === 1 ? this.#flatOut(arm as ArmName, left) : this.#idle(left));
      }
    });
  }

  /** Load at any mode: patterns must be seen. */
  async #flatOut(arm: ArmName, seconds: number): Promise<void> {
    const workload = this.#loaded.get(arm) as Workload;
    const end = this.#host.now() + 1000 * seconds;
    for (let index = 0, breath = this.#host.now(); this.#host.now() < end; index++) {
      this.#check();
      await workload.run(index);
      if (this.#host.now() - breath < BREATH_MS) continue;
      await this.#host.breathe();
      breath = this.#host.now();
    }
  }
}

function latencyOf(ms: readonly number[]): Latency {
  return { meanMs: ms.reduce((sum, x) => sum + x, 0) / ms.length, medianMs: quantile(ms, 0.5), p95Ms: quantile(ms, 0.95) };
}
