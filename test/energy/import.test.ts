import { deflateSync, gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { align } from "../../energy/import/align.ts";
import { readFirefox } from "../../energy/import/firefox.ts";
import { importRecording } from "../../energy/import/import.ts";
import { readMeter } from "../../energy/import/meter.ts";
import { readPerfetto } from "../../energy/import/perfetto.ts";
import { traceOf } from "../../energy/trace.ts";
import { toMarks } from "../../energy/windows.ts";
import { type Life, live, type Meter, marksOfLife, see, settings, truth } from "./simulate.ts";

const SAVING = 0.2;
const run = (seed: number, more = {}): Life => live(truth(seed, SAVING), settings({ seed, pairs: 10, sync: true, ...more }), 100);
const life = run(1);
const full = [{ t: life.start, level: 1, charging: true }];

const power = (more: Partial<Meter> = {}): Meter => ({ kind: "power", everyMs: 100, noise: 0.03, ...more });
/** A meter's readings as rows of text. */
function rows(of: Life, meter: Meter, line: (t: number, watts: number, i: number) => string): string {
  const { samples } = see(of, meter, 3);
  return samples.t.map((t, i) => line(t, samples.values.all?.[i] as number, i)).join("\n");
}

function expectSaving(record: ReturnType<typeof importRecording>, tolerance = 1): void {
  expect(record.result.problems).toEqual([]);
  const { gross } = record.result.comparisons[0] as { gross: { value: number; low: number; high: number } };
  const off = Math.log(gross.value / (1 - SAVING));
  expect(Math.abs(off)).toBeLessThan(tolerance * 2 * Math.log(gross.high / gross.value));
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

const PROTO = `syntax = "proto2"; package perfetto.protos;
message Trace { repeated TracePacket packet = 1; }
message ClockSnapshot { message Clock { optional uint32 clock_id = 1; optional uint64 timestamp = 2; } repeated Clock clocks = 1; }
message PowerRails {
  message RailDescriptor { optional uint32 index = 1; optional string rail_name = 2; optional string subsys_name = 3; optional uint32 sampling_rate = 4; }
  repeated RailDescriptor rail_descriptor = 1;
  message EnergyData { optional uint32 index = 1; optional uint64 timestamp_ms = 2; optional uint64 energy = 3; }
  repeated EnergyData energy_data = 2;
}
message TracePacket { optional uint64 timestamp = 8; optional uint32 trusted_packet_sequence_id = 10; optional ClockSnapshot clock_snapshot = 6; optional PowerRails power_rails = 40; optional bytes compressed_packets = 50; optional bytes something_else = 3000; }`;

describe("a Perfetto trace", () => {
  const Trace = protobuf.parse(PROTO, { keepCase: true }).root.lookupType("perfetto.protos.Trace");
  const boot = life.start - 86_400_000;
  const rails = [
    { index: 0, rail_name: "S4M_VDD_CPUCL0", subsys_name: "CPU", share: 0.5 },
    { index: 1, rail_name: "S2S_VDD_G3D", subsys_name: "GPU", share: 0.5 },
    { index: 2, rail_name: "VSYS_PWR_DISPLAY", subsys_name: "Display", share: 0.7 },
    { index: 3, rail_name: "L21S_VDD2L_MEM", subsys_name: "DDR", share: 0.2 },
  ];
  const { samples } = see(life, { kind: "counter", everyMs: 250 });
  const packets = [
    {
      timestamp: 86_400_000 * 1e6,
      clock_snapshot: {
        clocks: [
          { clock_id: 6, timestamp: 86_400_000 * 1e6 },
          { clock_id: 1, timestamp: (boot + 86_400_000) * 1e6 },
        ],
      },
    },
    { timestamp: 1, something_else: Buffer.from("x") },
    {
      timestamp: 2,
      power_rails: { rail_descriptor: rails.map(({ share: _, ...descriptor }) => ({ ...descriptor, sampling_rate: 1000 })) },
    },
    ...samples.t.map((t, i) => ({
      timestamp: (t - boot) * 1e6,
      power_rails: {
        energy_data: rails.map(({ index, share }) => ({
          index,
          timestamp_ms: t - boot,
          energy: Math.round(1e6 * (500 + share * (samples.values.all?.[i] as number))),
        })),
      },
    })),
  ];
  const encode = (list: unknown[]) => Trace.encode(Trace.fromObject({ packet: list })).finish();
  const compressed = () => encode([{ compressed_packets: deflateSync(encode(packets)) }]);

  it.each([
    ["as it is", () => encode(packets)],
    ["with packed packets", compressed],
    ["gzipped", () => new Uint8Array(gzipSync(encode(packets)))],
  ])("%s gives the saving, by the rails that computing takes", async (_, make) => {
    const recording = await readPerfetto(make());
    expect(recording.source.headline).toEqual(["S4M_VDD_CPUCL0", "S2S_VDD_G3D"]);
    const record = importRecording(marksOfLife(life), recording);
    expect(Math.abs(record.clock.offsetMs)).toBeLessThan(100);
    expectSaving(record);
  });

  it("gives other rails if they are asked for", async () => {
    expect((await readPerfetto(encode(packets), { rails: /display|gpu/i })).source.headline).toEqual(["S2S_VDD_G3D", "VSYS_PWR_DISPLAY"]);
    await expect(readPerfetto(encode(packets), { rails: /modem/ })).rejects.toThrow(
      /E_OPTION no rail is like \/modem\/; there are S4M_VDD_CPUCL0 \(CPU\)/,
    );
  });

  it("knows no date without a snapshot of clocks, and is laid over by its patterns", async () => {
    const recording = await readPerfetto(encode(packets.slice(1)));
    expect(recording.clock).toBe("none");
    expectSaving(importRecording(marksOfLife(life), recording));
  });

  it("is refused where it is damaged, or holds no rails", async () => {
    const whole = encode(packets);
    await expect(readPerfetto(whole.subarray(0, whole.length - 3))).rejects.toMatchObject({ code: "E_TRUNCATED" });
    await expect(readPerfetto(encode(packets.slice(0, 2)))).rejects.toMatchObject({ code: "E_SOURCE" });
    await expect(readPerfetto(new TextEncoder().encode("time,power\n1,2\n"))).rejects.toMatchObject({
      code: expect.stringMatching(/E_FORMAT|E_TRUNCATED/),
    });
    await expect(readPerfetto(encode([{ compressed_packets: Buffer.from("not packed") }]))).rejects.toMatchObject({ code: "E_FORMAT" });
    await expect(readPerfetto(new Uint8Array([0x1f, 0x8b, 8, 0, 1]))).rejects.toMatchObject({ code: "E_FORMAT" });
    await expect(readPerfetto(new Uint8Array())).rejects.toMatchObject({ code: "E_SOURCE" });
  });

  it("never breaks otherwise, whatever a byte becomes", async () => {
    const small = encode(packets.slice(0, 12));
    for (let i = 0; i < small.length; i += 3) {
      const bytes = small.slice();
      bytes[i] = (bytes[i] as number) ^ 0x5a;
      await readPerfetto(bytes).catch((error) => expect(error.name, `byte ${i}`).toMatch(/^(EnergyError|InputError)$/));
    }
  });
});

describe("a Firefox profile", () => {
  const PWH = 3600e-12;
  const start = life.start - 5000;
  const { samples } = see(life, { kind: "counter", everyMs: 200 });
  /** Picowatt hours since the reading before; the first since anything. */
  const counts = (share: number) =>
    samples.values.all?.map((value, i, all) => Math.round((share * ((value as number) - (i > 0 ? (all[i - 1] as number) : -1e6))) / PWH)) ??
    [];
  const times = (from: number) => samples.t.map((t) => t - from);
  const gecko = (name: string, share: number, from: number, count = counts(share)) => ({
    name,
    category: "power",
    description: "Power utilization",
    samples: { schema: { time: 0, count: 1 }, data: times(from).map((t, i) => [t, count[i]]) },
  });
  const memory = { name: "malloc", category: "Memory", samples: { schema: { time: 0, count: 1, number: 2 }, data: [[0, 1, 1]] } };
  const profile = (counters: unknown[], more = {}) =>
    JSON.stringify({ meta: { version: 29, startTime: start, product: "Firefox" }, threads: [], counters, ...more });

  it("of Apple's chips is the sum of its processes, each with a start of its own", () => {
    const child = { meta: { startTime: start + 1234 }, threads: [], counters: [gecko("Process Power", 0.4, start + 1234)], processes: [] };
    const recording = readFirefox(profile([memory, gecko("Process Power", 0.6, start)], { processes: [child] }));
    expect(recording.source.headline).toHaveLength(2);
    expectSaving(importRecording(marksOfLife(life), recording));
  });

  it("of other processors is the package, and its parts stand beside it", () => {
    const recording = readFirefox(
      profile([gecko("Power: CPU cores", 0.5, start), gecko("Power: CPU package", 1, start), gecko("Power: DRAM", 0.1, start)]),
    );
    expect(recording.source.headline).toEqual(["Power: CPU package 0.1"]);
    expect(recording.source.channels[1]?.contains).toEqual(["Power: CPU cores 0.0"]);
    expectSaving(importRecording(marksOfLife(life), recording));
  });

  it.each([
    ["times", () => ({ time: times(start) })],
    ["steps of time", () => ({ timeDeltas: times(start).map((t, i, all) => t - (i > 0 ? (all[i - 1] as number) : 0)) })],
  ])("as profiler.firefox.com saves it, with %s", (_, columns) => {
    const counter = {
      name: "Process Power",
      category: "power",
      pid: "77",
      mainThreadIndex: 0,
      samples: { ...columns(), count: counts(1), length: samples.t.length },
    };
    expectSaving(importRecording(marksOfLife(life), readFirefox(profile([counter]))));
  });

  it("of older versions has sample groups", () => {
    const { samples: table, ...rest } = gecko("Process Power", 1, start);
    expectSaving(importRecording(marksOfLife(life), readFirefox(profile([{ ...rest, sample_groups: [{ id: 0, samples: table }] }]))));
  });

  it.each([
    ["no JSON", "{", "E_FORMAT"],
    ["something else", '{"a":1}', "E_FORMAT"],
    ["a list", "[]", "E_FORMAT"],
    ["no power", profile([memory]), "E_SOURCE"],
    ["no start", JSON.stringify({ meta: {}, counters: [] }), "E_FORMAT"],
    ["a track without samples", profile([{ name: "Process Power", category: "power" }]), "E_FORMAT"],
  ])("with %s is refused", (_, text, code) => {
    expect(() => readFirefox(text)).toThrow(new RegExp(`^${code} `));
  });
});
