import { describe, expect, it } from "vitest";
import { align } from "../../energy/import/align.ts";
import { importRecording } from "../../energy/import/import.ts";
import { readMeter } from "../../energy/import/meter.ts";
import { traceOf } from "../../energy/trace.ts";
import { toMarks } from "../../energy/windows.ts";
import { expectSaving, life, run, SAVING } from "./recorded.ts";
import { type Life, live, type Meter, marksOfLife, see, settings, truth } from "./simulate.ts";

const full = [{ t: life.start, level: 1, charging: true }];

const power = (more: Partial<Meter> = {}): Meter => ({ kind: "power", everyMs: 100, noise: 0.03, ...more });
/** A meter's readings as rows of text. */
function rows(of: Life, meter: Meter, line: (t: number, watts: number, i: number) => string): string {
  const { samples } = see(of, meter, 3);
  return samples.t.map((t, i) => line(t, samples.values.all?.[i] as number, i)).join("\n");
}

describe("the clock of a meter", () => {
  const cases: [string, Partial<Meter>][] = [
    ["that starts at 0", { clock: { offsetMs: life.start + 7300, drift: 0 } }],
    ["that drifts by 200 ppm", { clock: { offsetMs: life.start, drift: 200e-6 } }],
    ["that runs 0.5 % slow", { clock: { offsetMs: life.start - 9_000_000, drift: -0.005 } }],
    ["that ticks once a second", { everyMs: 1000, clock: { offsetMs: life.start, drift: 50e-6 } }],
    ["of a noisy meter that loses a tenth", { noise: 0.2, dropped: 0.1, clock: { offsetMs: life.start, drift: 50e-6 } }],
  ];
  it.each(cases)("%s is found, as well as it says", (_, meter) => {
    const { samples, source } = see(life, power(meter), 5);
    const trace = traceOf(source.channels[0] as (typeof source.channels)[0], samples.t, samples.values.all ?? []);
    const clock = align([trace], life.marks, { clock: "none" });
    expect(clock).toMatchObject({ how: "sync patterns" });
    expect(clock.uncertaintyMs).toBeLessThan(600);
    const { offsetMs, drift } = meter.clock as NonNullable<Meter["clock"]>;
    for (const { start, end } of life.marks) {
      for (const at of [start, end]) {
        const shown = (at - offsetMs) / (1 + drift);
        expect(Math.abs(toMarks(clock, shown) - at)).toBeLessThan(Math.max(60, clock.uncertaintyMs));
      }
    }
  });

  it("is found by the edges of the load where there is no pattern", () => {
    const plain = run(2, { sync: false });
    const { samples, source } = see(plain, power({ clock: { offsetMs: plain.start + 500, drift: 0 } }), 5);
    const trace = traceOf(source.channels[0] as (typeof source.channels)[0], samples.t, samples.values.all ?? []);
    const clock = align([trace], plain.marks, { clock: "none" });
    expect(clock.how).toBe("load");
    expect(Math.abs(toMarks(clock, (plain.marks[0]?.start ?? 0) - plain.start - 500) - (plain.marks[0]?.start ?? 0))).toBeLessThan(
      clock.uncertaintyMs,
    );
  });

  it("is not found in a recording of something else", () => {
    const { samples, source } = see(run(3), power(), 5);
    const flat = samples.t.map((_, i) => 3 + ((i * 7919) % 100) / 500);
    const trace = traceOf(source.channels[0] as (typeof source.channels)[0], samples.t, flat);
    expect(() => align([trace], life.marks, { clock: "none" })).toThrow(
      /E_MEASUREMENT the sync patterns of the marks are not in the recording/,
    );
    const short = traceOf(source.channels[0] as (typeof source.channels)[0], samples.t.slice(0, 3000), flat.slice(0, 3000));
    expect(() => align([short], life.marks, { clock: "none" })).toThrow(/record from before the start to after the end/);
  });
});

describe("a meter's table", () => {
  const local = life.start / 1000;
  const tables: [string, Parameters<typeof readMeter>[1], string][] = [
    [
      "of fnirsi-usb-power-data-logger",
      { preset: "fnirsi" },
      `timestamp sample_in_packet voltage_V current_A dp_V dn_V temp_C_ema energy_Ws capacity_As\n${rows(life, power(), (t, w) => `${(t / 1000 + 2.5).toFixed(3)} 0 5.10000 ${(w / 5.1).toFixed(5)} 1.184 1.031 30.500 0.000000 0.000001`)}`,
    ],
    [
      "of a POWER-Z",
      { preset: "power-z" },
      `timestamp_ms,vbus_µV,ibus_µA,vcc1_mV,vcc2_mV,vdp_mV,vdm_mV\r\n${rows(life, power(), (t, w) => `${(t - life.start + 4000).toFixed(0)},5000000,${((1e6 * w) / 5).toFixed(0)},0,0,0,0\r`)}`,
    ],
    [
      "with words for a head",
      {},
      `Time(s),Voltage(V),Current(A),Power(W)\n${rows(life, power(), (t, w) => `${(t / 1000 - local).toFixed(2)},5.0,${(w / 5).toFixed(4)},${w.toFixed(4)}`)}`,
    ],
    [
      "in milliwatts, with a preamble and comments",
      {},
      `Logger 3000\nSerial;12\n# a comment\nElapsed [ms];Power [mW]\n${rows(life, power(), (t, w) => `${(t - life.start).toFixed(0)};${(1000 * w).toFixed(1)}`)}`,
    ],
    [
      "with decimal commas and dates",
      {},
      `Time;Power (W)\n${rows(life, power(), (t, w) => `${new Date(t + 31_000).toISOString().replace("T", " ").replace("Z", "")};${w.toFixed(3).replace(".", ",")}`)}`,
    ],
    [
      "whose clock is hours off",
      {},
      `Time(ms),Power(W)\n${rows(life, power(), (t, w) => `${(t + 7_200_000).toFixed(0)},${w.toFixed(3)}`)}`,
    ],
    [
      "with times of the day over midnight",
      {},
      `"Time","Power (W)"\n${rows(life, power(), (t, w) => `"${new Date(t - life.start + 85_000_000).toISOString().slice(11, 23)}","${w.toFixed(3)}"`)}`,
    ],
    ["without times", { rate: 10 }, `Power (W),Note\n${rows(life, power(), (_, w) => `${w.toFixed(3)},x`)}`],
    [
      "whose meter was put in the other way round",
      {},
      `time_ms,watts\n${rows(life, power(), (t, w) => `${(t - life.start).toFixed(0)},${(-w).toFixed(3)}`)}`,
    ],
    [
      "with columns that the user names",
      { columns: { time: "when=s", power: "ch 2=mW" } },
      `when,ch 1,ch 2\n${rows(life, power(), (t, w) => `${((t - life.start) / 1000).toFixed(2)},1,${(1000 * w).toFixed(2)}`)}`,
    ],
    [
      "that counts energy",
      {},
      `timestamp_ms,Energy(Wh)\n${(() => {
        const { samples } = see(life, { kind: "counter", everyMs: 100 });
        return samples.t
          .map((t, i) => `${(t - life.start).toFixed(0)},${((samples.values.all?.[i] as number) / 3600).toFixed(9)}`)
          .join("\n");
      })()}`,
    ],
  ];
  it.each(tables)("%s gives the saving", (_, options, text) => {
    const record = importRecording(marksOfLife(life, { battery: full }), readMeter(text, options));
    expectSaving(record);
  });

  it.each<[string, string, Parameters<typeof readMeter>[1], RegExp]>([
    ["no table", "hello\nworld", {}, /E_FORMAT the table has no head with numbers/],
    ["nothing", "", {}, /E_FORMAT/],
    ["no power", `Time(s),Temperature\n${"1,20\n".repeat(200)}`, {}, /E_FORMAT none of the columns Time\(s\), Temperature is a power/],
    [
      "a column that is not there",
      `Time(s),Power\n${"1,20\n".repeat(200)}`,
      { columns: { power: "P" } },
      /E_OPTION the table has no column "P"; it has Time\(s\), Power/,
    ],
    ["an unknown preset", "a,b\n1,2", { preset: "acme" }, /E_OPTION there is no preset "acme"/],
    ["no time", `Power(W),x\n${"1,20\n".repeat(200)}`, {}, /E_FORMAT .*is a time.*--rate/],
    ["too few readings", `Time(s),Power\n${"1,20\n".repeat(9)}`, {}, /9 readings/],
    ["words where numbers should be", `Time(s),Power(W)\n1,2\n${"x,y\n".repeat(200)}`, {}, /E_FORMAT 200 of 201 rows hold no number/],
  ])("with %s is refused", (_, text, options, message) => {
    expect(() => readMeter(text, options)).toThrow(message);
  });

  it("counts only while the battery is full", () => {
    const recording = readMeter(tables[2]?.[2] as string);
    const import_ = (battery: typeof full | undefined, said = false) =>
      importRecording(marksOfLife(life, battery ? { battery } : {}), recording, { batteryFull: said });
    expect(() => import_([...full, { t: life.start + 1e6, level: 0.97, charging: true }])).toThrow(
      /E_MEASUREMENT the battery stood at 97 %/,
    );
    expect(() => import_(undefined)).toThrow(/nobody says that the battery was full.*--battery-full/);
    expectSaving(import_(undefined, true));
  });

  it("is rejected while the battery's current still settles", () => {
    const settling = live(truth(1, SAVING, { driftPerHour: -3 }), settings({ seed: 1, pairs: 10, sync: true }), 100);
    const text = `Time(ms),Power(W)\n${rows(settling, power(), (t, w) => `${t.toFixed(0)},${w.toFixed(3)}`)}`;
    const { result } = importRecording(marksOfLife(settling, { battery: full }), readMeter(text));
    expect(result.status).toBe("failed");
    expect(result.problems.join()).toMatch(/idle power/);
  });
});
