import { deflateSync, gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { importRecording } from "../../energy/import/import.ts";
import { readPerfetto } from "../../energy/import/perfetto.ts";
import { expectSaving, life } from "./recorded.ts";
import { marksOfLife, see } from "./simulate.ts";

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
