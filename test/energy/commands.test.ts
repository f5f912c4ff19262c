/** Sources that are programs, by what those print. */
import { describe, expect, it } from "vitest";
import type { Commands } from "../../energy/sources/commands.ts";
import { findSources, openSource } from "../../energy/sources/index.ts";
import { findNvidia } from "../../energy/sources/nvidia.ts";
import { findPowermetrics, sampleReader } from "../../energy/sources/powermetrics.ts";
import { memoryTree, supply, zone } from "./memory_tree.ts";

function programs(
  answers: Readonly<Record<string, { code?: number; stdout?: string; stderr?: string; lines?: readonly string[] }>>,
): Commands {
  return {
    async run(program) {
      const answer = answers[program];
      return answer && { code: answer.code ?? 0, stdout: answer.stdout ?? "", stderr: answer.stderr ?? "" };
    },
    stream(program) {
      const lines = [...(answers[program]?.lines ?? [])];
      return { next: async () => lines.shift() ?? null, stop: () => {} };
    },
  };
}

describe("nvidia-smi", () => {
  it("gives each card its watts, and cards together their sum", async () => {
    const { listings, sources } = await findNvidia(
      programs({ "nvidia-smi": { stdout: "0, 23.45\n1, 105.10\n", lines: ["0, 24.00", "1, 100.00", "0, 25.00", "1, [N/A]"] } }),
    );
    expect(listings.map(({ id, headline }) => [id, headline])).toEqual([
      ["nvidia-smi", true],
      ["nvidia-smi:0", false],
      ["nvidia-smi:1", false],
    ]);
    const reader = await sources[0]?.open();
    expect(await reader?.read()).toEqual({ values: [24, 100] });
    expect(await reader?.read()).toEqual({ values: [25, null] });
    await expect(reader?.read()).rejects.toMatchObject({ code: "E_SOURCE" });
  });

  it.each([
    ["is not there", programs({}), /there is no nvidia-smi/],
    [
      "has no driver",
      programs({ "nvidia-smi": { code: 9, stdout: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n" } }),
      /couldn't communicate with the NVIDIA driver/,
    ],
    ["knows no power", programs({ "nvidia-smi": { stdout: "0, [N/A]\n" } }), /no power sensor/],
  ])("that %s says so", async (_, commands, reason) => {
    const { listings, sources } = await findNvidia(commands);
    expect(sources).toEqual([]);
    expect(listings[0]?.reason).toMatch(reason);
  });
});

describe("powermetrics", () => {
  const M1 = [
    "*** Sampled system activity (Mon Jan  5 10:00:00 2026 +0100) (503.21ms elapsed) ***",
    "",
    "**** Processor usage ****",
    "E-Cluster Online: 100%",
    "CPU Power: 812 mW",
    "GPU Power: 31 mW",
    "ANE Power: 0 mW",
    "Combined Power (CPU + GPU + ANE): 843 mW",
    "**** GPU usage ****",
    "GPU Power: 31 mW",
  ];

  it("of Apple's chips gives the chip and its parts", async () => {
    const { sources } = await findPowermetrics(
      programs({ powermetrics: { lines: [...M1, ...M1.map((line) => line.replace("843", "900"))] } }),
      { platform: "darwin", isRoot: true },
    );
    const reader = await sources[0]?.open();
    expect(await reader?.read()).toEqual({ values: [843, 812, 31, 0] });
    expect((await reader?.read())?.values[0]).toBe(900);
    expect(sources[0]?.info.channels[0]).toMatchObject({ contains: ["cpu", "gpu", "ane"], scale: 1e-3, kind: "mean power" });
    await expect(reader?.read()).rejects.toThrow(/powermetrics has ended/);
  });

  it("of Intel Macs gives the package", async () => {
    const lines = ["Intel energy model derived package power (CPUs+GT+SA): 3.41W"];
    expect(await sampleReader({ next: async () => lines.shift() ?? null, stop: () => {} })()).toEqual([
      expect.closeTo(3410),
      null,
      null,
      null,
    ]);
  });

  it("is for root on macOS", async () => {
    expect((await findPowermetrics(programs({}), { platform: "linux", isRoot: true })).listings[0]?.reason).toBe("only macOS has it");
    expect((await findPowermetrics(programs({}), { platform: "darwin", isRoot: false })).listings[0]?.reason).toMatch(
      /run this command with sudo/,
    );
  });
});

describe("all together", () => {
  const battery = supply("BAT0", { type: "Battery", status: "Discharging", power_now: 9_000_000 });
  const options = { commands: programs({}), platform: "linux", isRoot: false };

  it("auto is one of the headlines, and only one line says so", async () => {
    const { listings } = await findSources({ ...options, sysfs: memoryTree({ ...zone("intel-rapl:0", "package-0"), ...battery }) });
    expect(listings.filter(({ auto }) => auto).map(({ id }) => id)).toEqual(["rapl:package-0"]);
    expect((await openSource("battery:BAT0", { ...options, sysfs: memoryTree(battery) })).info.id).toBe("battery:BAT0");
    expect((await openSource("auto", { ...options, sysfs: memoryTree(battery) })).info.id).toBe("battery:BAT0");
  });

  it("what cannot be opened says why", async () => {
    const locked = memoryTree(zone("intel-rapl:0", "package-0", { deny: "EACCES" }));
    await expect(openSource("auto", { ...options, sysfs: locked })).rejects.toMatchObject({
      code: "E_PERMISSION",
      message: expect.stringContaining("sudo chmod a+r /sys/class/powercap/intel-rapl:0/energy_uj"),
    });
    await expect(openSource("rapl:package-0", { ...options, sysfs: locked })).rejects.toMatchObject({ code: "E_PERMISSION" });
    await expect(openSource("meter", { ...options, sysfs: locked })).rejects.toMatchObject({
      code: "E_SOURCE",
      message: expect.stringContaining("energy import"),
    });
    await expect(openSource("rapl:psys", { ...options, sysfs: locked })).rejects.toMatchObject({
      code: "E_OPTION",
      message: expect.stringContaining("swivel energy sources"),
    });
  });
});
