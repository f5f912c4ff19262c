import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Recorder } from "../../energy/protocol/recorder.ts";
import { type Contender, type Host, runCourse } from "../../energy/protocol/run.ts";
import { scheduleOf } from "../../energy/protocol/schedule.ts";
import { readSettings, secondsOf } from "../../energy/protocol/settings.ts";
import { isSettled } from "../../energy/protocol/warmup.ts";
import type { ArmName, Mark } from "../../energy/record.ts";
import type { EnergySource, Reading } from "../../energy/source.ts";
import { EnergyError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { settings } from "./simulate.ts";

/** A host whose clock moves only when somebody works or sleeps. */
function virtual(signal?: AbortSignal) {
  let t = 1_000_000;
  const host: Host = {
    now: () => t,
    sleep: async (ms) => {
      t += Math.max(0, ms);
    },
    breathe: async () => {
      t += 0.01;
    },
    ...(signal && { signal }),
  };
  const work = (ms: number) => {
    t += ms;
  };
  return { host, work };
}

const contender = (arm: ArmName, run: (index: number) => void, disposed: string[] = []): Contender => ({
  arm,
  load: async () => ({
    run: async (index) => run(index),
    facts: () => ({ model: arm, bytes: 1, params: 1, macs: 1, backend: "wasm", threads: 1 }),
    dispose: () => void disposed.push(arm),
  }),
});

const short = { windowSeconds: 2, settleSeconds: 0.5, idleSeconds: 3, warmupSeconds: 6, pairs: 10 };

describe("a schedule", () => {
  it("is blocks A B B A and B A A B, as many of each, in an order that the seed draws", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(20), fc.nat(20), fc.integer(), (pairs, nullPairs, controlPairs, seed) => {
        const counts = { pairs: 2 * pairs, nullPairs: 2 * nullPairs, controlPairs: 2 * controlPairs, seed };
        const slots = scheduleOf(counts);
        expect(slots).toEqual(scheduleOf(counts));
        const orders = new Map<string, number>();
        for (let i = 0; i < slots.length; i += 4) {
          const block = slots.slice(i, i + 4);
          const text = block.map(({ arm }) => arm).join("");
          expect(new Set(block.map(({ block }) => block)).size).toBe(1);
          expect(text).toMatch(/^(ABBA|BAAB|ANNA|NAAN|ACCA|CAAC)$/);
          orders.set(text, (orders.get(text) ?? 0) + 1);
        }
        for (const [one, other, count] of [
          ["ABBA", "BAAB", pairs],
          ["ANNA", "NAAN", nullPairs],
          ["ACCA", "CAAC", controlPairs],
        ] as const) {
          const [first, second] = [orders.get(one) ?? 0, orders.get(other) ?? 0];
          expect(first + second).toBe(count);
          expect(Math.abs(first - second)).toBeLessThanOrEqual(1);
        }
      }),
    );
    const orders = new Set(
      Array.from({ length: 20 }, (_, seed) =>
        scheduleOf({ pairs: 10, nullPairs: 10, controlPairs: 0, seed })
          .map(({ arm }) => arm)
          .join(""),
      ),
    );
    expect(orders.size).toBeGreaterThan(10);
  });
});

describe("a course", () => {
  it("loads, idles, warms up, runs every window and idles again, all on one clock", async () => {
    const { host, work } = virtual();
    const disposed: string[] = [];
    const plan = settings({ ...short, nullPairs: 10 });
    const { marks, arms, interrupted } = await runCourse(
      [contender("A", () => work(8), disposed), contender("N", () => work(8), disposed), contender("B", () => work(4), disposed)],
      plan,
      host,
    );
    expect(interrupted).toBe(false);
    expect(disposed).toEqual(["A", "N", "B"]);
    expect(arms.map(({ arm, settled }) => [arm, settled])).toEqual([
      ["A", true],
      ["N", true],
      ["B", true],
    ]);
    const kinds = marks.map(({ kind }) => kind).join(" ");
    expect(kinds).toMatch(/^load load load idle warm-up warm-up warm-up (window ){40}idle$/);
    marks.forEach(({ start, end }, i) => {
      expect(end).toBeGreaterThanOrEqual(start);
      expect(start).toBeGreaterThanOrEqual(marks[i - 1]?.end ?? 0);
    });
    for (const mark of marks.filter(({ kind }) => kind === "window")) {
      expect(mark.end - mark.start).toBeGreaterThanOrEqual(2000);
      const ms = mark.arm === "B" ? 4 : 8;
      expect(mark.latency?.meanMs).toBeCloseTo(ms, 3);
      expect(mark.inferences).toBeGreaterThan(2000 / ms / 1.1);
    }
  });

  it("keeps the rate that was asked for", async () => {
    const { host, work } = virtual();
    const { marks } = await runCourse(
      [contender("A", () => work(20)), contender("B", () => work(5))],
      settings({ ...short, mode: "rate", rate: 10 }),
      host,
    );
    for (const mark of marks.filter(({ kind }) => kind === "window")) expect(mark.inferences).toBe(20);
  });

  it("shows patterns of load at both ends, for meters without a clock", async () => {
    const { host, work } = virtual();
    const busy: number[] = [];
    const run = () => {
      work(10);
      busy.push(host.now());
    };
    const { marks } = await runCourse([contender("A", run), contender("B", () => work(5))], settings({ ...short, sync: true }), host);
    const [first, second] = marks.filter(({ kind }) => kind === "sync") as [Mark, Mark];
    expect(marks.indexOf(first)).toBe(2);
    expect(marks.at(-1)).toBe(second);
    expect(first.end - first.start).toBeCloseTo(34_000, -2);
    // 9 of 13 chips of two seconds
    const within = busy.filter((t) => t > first.start && t <= first.end + 1);
    expect((10 * within.length) / 1000).toBeCloseTo(18, 0);
  });

  it("ends when it is told, with what was finished; before the first window with nothing", async () => {
    const stop = async (after: number) => {
      const controller = new AbortController();
      const { host, work } = virtual(controller.signal);
      const run = () => {
        work(8);
        if (host.now() > 1_000_000 + after) controller.abort();
      };
      return runCourse([contender("A", run), contender("B", run)], settings(short), host);
    };
    const { marks, interrupted } = await stop(30_000);
    expect(interrupted).toBe(true);
    expect(marks.at(-1)?.kind).toBe("window");
    await expect(stop(1000)).rejects.toMatchObject({ code: "E_ABORTED" });
  });

  it("refuses inferences that are longer than windows", async () => {
    const { host, work } = virtual();
    await expect(runCourse([contender("A", () => work(9000)), contender("B", () => work(5))], settings(short), host)).rejects.toThrow(
      /E_MEASUREMENT an inference of A takes longer than a window of 2 s/,
    );
  });

  it("takes about as long as it says", async () => {
    const { host, work } = virtual();
    const start = host.now();
    const plan = settings({ ...short, sync: true });
    await runCourse([contender("A", () => work(8)), contender("B", () => work(4))], plan, host);
    expect((host.now() - start) / 1000 / secondsOf(plan)).toBeCloseTo(1, 1);
  });
});

describe("a warm-up", () => {
  const random = new Random("latencies");
  const noisy = (of: (i: number) => number) => Array.from({ length: 400 }, (_, i) => of(i) * (1 + 0.05 * random.normal()));
  it.each<[string, number[], boolean]>([
    ["that is flat", noisy(() => 8), true],
    ["that is flat but for a pause", noisy((i) => (i === 50 ? 900 : 8)), true],
    ["that still falls", noisy((i) => 8 + 4 * Math.exp(-i / 200)), false],
    ["that rises, as hot phones do", noisy((i) => 8 + i / 100), false],
    ["on a clock of whole milliseconds", Array.from({ length: 40_000 }, () => (random.uniform() < 0.3 ? 1 : 0)), true],
    ["of a few inferences", [8, 8, 8], false],
  ])("%s is told", (_, ms, settled) => expect(isSettled(ms)).toBe(settled));
});

describe("settings", () => {
  it.each([
    [{ pairs: 11 }, /pairs is 11; two pairs make a block/],
    [{ pairs: 0 }, /pairs is 0, which measures nothing/],
    [{ nullPairs: 4 }, /nullPairs is 4/],
    [{ mode: "rate" as const, rate: 0 }, /the rate is 0/],
    [{ windowSeconds: 0 }, /windowSeconds is 0/],
    [{ idleSeconds: Number.NaN }, /idleSeconds is NaN/],
  ])("%j are refused", (given, message) => expect(() => readSettings(given)).toThrow(message));

  it("are windows of a minute and twenty pairs unless given", () => {
    expect(readSettings({})).toMatchObject({ windowSeconds: 60, pairs: 20, nullPairs: 10, mode: "work" });
  });
});

describe("a recorder", () => {
  const source = (read: () => Promise<Reading>, intervalMs = 100): EnergySource => ({
    info: {
      id: "x",
      covers: "x",
      headline: ["a"],
      channels: [{ id: "a", covers: "x", contains: [], kind: "counter", unit: "J", scale: 1 }],
      intervalMs,
    },
    open: async () => ({ read, close: async () => {} }),
  });
  /** Sleeps are turns of the event loop in which the clock moves. */
  const clock = () => {
    let t = 0;
    const sleep = async (ms: number) => {
      await new Promise((done) => setImmediate(done));
      t += Math.max(1, ms);
    };
    return { now: () => t, sleep };
  };

  it("reads at its pace and at edges, with rising times", async () => {
    let value = 0;
    const time = clock();
    const recorder = await Recorder.start(
      source(async () => ({ values: [value++] })),
      time,
    );
    for (let i = 0; i < 5; i++) {
      await time.sleep(150);
      await recorder.edge();
    }
    const { t, values } = await recorder.stop();
    expect(t).toEqual([...t].sort((a, b) => a - b));
    expect(new Set(t).size).toBe(t.length);
    expect(values.a).toHaveLength(t.length);
    expect(t.length).toBeGreaterThan(5);
  });

  it("keeps what it has when a charger comes or the source dies", async () => {
    const time = clock();
    let left = 3;
    const recorder = await Recorder.start(
      source(async () => (left-- > 0 ? { values: [left] } : { values: [0], fault: "a charger was plugged in" })),
      time,
    );
    for (let i = 0; i < 10; i++) await time.sleep(100);
    expect(recorder.trouble).toBe("a charger was plugged in");
    expect((await recorder.stop()).faults).toEqual([{ t: expect.any(Number), why: "a charger was plugged in" }]);

    let alive = true;
    const dying = await Recorder.start(
      source(async () => {
        if (alive) return { values: [1] };
        throw new EnergyError("E_SOURCE", "gone");
      }),
      time,
    );
    alive = false;
    await dying.edge();
    expect(dying.trouble).toMatch(/gone/);
    expect((await dying.stop()).faults.map(({ why }) => why)).toEqual(["E_SOURCE gone"]);
  });
});
