import { describe, expect, it } from "vitest";
import type { Found, SourceListing, SourceReader } from "../../energy/source.ts";
import { findRapl } from "../../energy/sources/rapl.ts";
import { memoryTree, zone } from "./memory_tree.ts";

const line = ({ listings }: Found, id: string) => listings.find((listing) => listing.id === id) as SourceListing;
const headlines = ({ listings }: Found) => listings.filter(({ headline }) => headline).map(({ id }) => id);
const info = ({ sources }: Found, id?: string) => (id === undefined ? sources[0] : sources.find((source) => source.info.id === id))?.info;

const client = {
  ...zone("intel-rapl:0", "package-0"),
  ...zone("intel-rapl:0:0", "core"),
  ...zone("intel-rapl:0:1", "uncore"),
  ...zone("intel-rapl:0:2", "dram"),
};
const psys = zone("intel-rapl:1", "psys");
const mmio = { ...zone("intel-rapl-mmio:0", "package-0"), ...zone("intel-rapl-mmio:0:0", "dram") };

describe("zones", () => {
  it("of a laptop: the platform is the headline, the rest its parts", async () => {
    const found = await findRapl(memoryTree({ ...client, ...psys, ...mmio }));
    expect(headlines(found)).toEqual(["rapl:psys"]);
    expect(line(found, "rapl:package-0")).toMatchObject({ available: true, headline: false, partOf: "rapl:psys" });
    expect(line(found, "rapl:package-0/core")).toMatchObject({ partOf: "rapl:package-0" });
    expect(line(found, "rapl:package-0/dram")).toMatchObject({ partOf: "rapl:psys" });
    expect(info(found)?.headline).toEqual(["psys"]);
    const channel = (id: string) => info(found)?.channels.find((it) => it.id === id);
    expect(channel("psys")?.contains).toEqual(["package-0", "package-0/core", "package-0/uncore", "package-0/dram"]);
    expect(channel("package-0")?.contains).toEqual(["package-0/core", "package-0/uncore"]);
  });

  it("that are mapped into memory repeat others, and are never counted beside them", async () => {
    const found = await findRapl(memoryTree({ ...client, ...mmio }));
    expect(headlines(found)).toEqual(["rapl:package-0"]);
    expect(line(found, "rapl:package-0@intel-rapl-mmio:0")).toMatchObject({
      available: false,
      headline: false,
      reason: expect.stringMatching(/repeats rapl:package-0,/),
    });
    expect(
      info(found)
        ?.channels.map(({ id }) => id)
        .filter((id) => id.includes("mmio")),
    ).toEqual([]);
    expect(line(found, "rapl:package-0/dram").reason).toMatch(/no part of rapl:package-0: shown beside it, never added/);
    expect(headlines(await findRapl(memoryTree(mmio)))).toEqual(["rapl:package-0"]);
  });

  it("of AMD: a package alone, with cores", async () => {
    const found = await findRapl(memoryTree({ ...zone("intel-rapl:0", "package-0"), ...zone("intel-rapl:0:0", "core") }));
    expect(headlines(found)).toEqual(["rapl:package-0"]);
    expect(found.sources.map((source) => source.info.id)).toEqual(["rapl:package-0", "rapl:package-0/core"]);
  });

  it("of two sockets: the sum of both packages, once", async () => {
    const second = { ...zone("intel-rapl:1", "package-1"), ...zone("intel-rapl:1:0", "dram") };
    const found = await findRapl(memoryTree({ ...client, ...second }));
    expect(headlines(found)).toEqual(["rapl:package-0+package-1"]);
    expect(info(found)?.headline).toEqual(["package-0", "package-1"]);
    expect(line(found, "rapl:package-1")).toMatchObject({ headline: false, partOf: "rapl:package-0+package-1" });
    expect(line(found, "rapl:package-1/dram").partOf).toBeUndefined();
  });

  it("of many dies, with names that two have, with names that nobody knows", async () => {
    const dies = { ...zone("intel-rapl:0", "package-0-die-0"), ...zone("intel-rapl:1", "package-0-die-1") };
    expect(info(await findRapl(memoryTree(dies)))?.headline).toEqual(["package-0-die-0", "package-0-die-1"]);
    const twins = { ...zone("intel-rapl:0", "package-0"), ...zone("intel-rapl:1", "package-0") };
    expect(info(await findRapl(memoryTree(twins)))?.headline).toEqual(["package-0", "package-0@intel-rapl:1"]);
    expect(headlines(await findRapl(memoryTree({ ...zone("intel-rapl:0", "Package 0"), ...zone("intel-rapl:1", "dram") })))).toEqual([
      "rapl:Package 0",
    ]);
    const odd = { ...zone("intel-rapl:0", "package-0"), ...zone("intel-rapl:0:0", "ccd 7"), ...zone("other-cap:3", "") };
    const found = await findRapl(memoryTree(odd));
    expect(line(found, "rapl:package-0/ccd 7")).toMatchObject({ partOf: "rapl:package-0" });
    expect(line(found, "rapl:other-cap:3")).toMatchObject({ headline: false, reason: expect.stringMatching(/never added/) });
  });

  it("lie flat or in one another, in the order of their numbers", async () => {
    const nested = Object.fromEntries(
      Object.entries({ ...client, ...zone("intel-rapl:10", "package-10") }).map(([path, text]) => [
        path.replace("powercap/", "powercap/intel-rapl/"),
        text,
      ]),
    );
    const inside = Object.fromEntries(
      Object.entries(nested).map(([path, text]) => [path.replace("intel-rapl:0:", "intel-rapl:0/intel-rapl:0:"), text]),
    );
    const devices = Object.fromEntries(Object.entries(inside).map(([path, text]) => [path.replace("class/", "devices/virtual/"), text]));
    for (const files of [nested, inside, devices])
      expect(info(await findRapl(memoryTree(files)))?.headline).toEqual(["package-0", "package-10"]);
  });
});

describe("what cannot be read", () => {
  it("says the exact remedy", async () => {
    const found = await findRapl(
      memoryTree({ ...zone("intel-rapl:0", "package-0", { deny: "EACCES" }), ...zone("intel-rapl:0:0", "core", { deny: "EACCES" }) }),
    );
    expect(found.sources).toEqual([]);
    const files = "/sys/class/powercap/intel-rapl:0/energy_uj /sys/class/powercap/intel-rapl:0:0/energy_uj";
    expect(line(found, "rapl:package-0")).toMatchObject({ available: false, reason: expect.stringContaining(`sudo chmod a+r ${files}`) });
  });

  it("is not the headline: the next is", async () => {
    const locked = await findRapl(memoryTree({ ...client, ...zone("intel-rapl:1", "psys", { deny: "EACCES" }) }));
    expect(headlines(locked)).toEqual(["rapl:package-0"]);
    const half = await findRapl(
      memoryTree({ ...zone("intel-rapl:0", "package-0"), ...zone("intel-rapl:1", "package-1", { deny: "EPERM" }) }),
    );
    expect(info(half)?.notes?.join()).toMatch(/package-1 is missing in it: only root/);
  });

  it.each([
    ["no number", "abc", /holds "abc", which is no number of microjoules/],
    ["nothing", "", /holds ""/],
    ["a negative number", "-5", /no number/],
    ["an error of the device", { deny: "EIO" }, /cannot be read: EIO/],
  ])("%s is no reading", async (_, energy, reason) => {
    const found = await findRapl(memoryTree(zone("intel-rapl:0", "package-0", energy)));
    expect(line(found, "rapl:package-0")).toMatchObject({ available: false, reason: expect.stringMatching(reason) });
  });

  it("is said where there is nothing", async () => {
    expect((await findRapl(memoryTree({}))).listings).toEqual([
      expect.objectContaining({
        id: "rapl",
        available: false,
        reason: expect.stringMatching(/no energy counter under \/sys\/class\/powercap/),
      }),
    ]);
  });
});

describe("reading", () => {
  it("gives raw counters, the headline first", async () => {
    let energy = 262_143_000_000;
    const tree = memoryTree({ ...zone("intel-rapl:0:0", "core", 5), ...zone("intel-rapl:0", "package-0", () => (energy += 100)) });
    const { sources } = await findRapl(tree);
    const reader = await sources[0]?.open();
    expect(await reader?.read()).toEqual({ values: [262_143_000_200, 5] });
    expect(sources[0]?.info.channels[0]).toMatchObject({ id: "package-0", unit: "µJ", scale: 1e-6, range: expect.closeTo(262_143.32885) });
  });

  it("is so frequent that no counter goes round unseen", async () => {
    const interval = async (range: number, limit?: number) =>
      info(
        await findRapl(
          memoryTree(
            zone("intel-rapl:0", "package-0", 1, { max_energy_range_uj: range, ...(limit && { constraint_0_power_limit_uw: limit }) }),
          ),
        ),
      )?.intervalMs;
    expect(await interval(262_143_328_850)).toBe(100);
    expect(await interval(10_000_000)).toBe(10);
    expect(await interval(10_000_000, 25_000_000)).toBe(50);
    expect(await interval(10)).toBe(5);
  });

  it("goes on without a part, and ends with the headline", async () => {
    let gone = false;
    const dying = () => {
      if (gone) throw Object.assign(new Error("ENODEV: no such device"), { code: "ENODEV" });
      return 7;
    };
    const open = async (part: boolean) => {
      gone = false;
      const files = { ...zone("intel-rapl:0", "package-0", part ? 1 : dying), ...zone("intel-rapl:0:0", "core", part ? dying : 1) };
      const opened = (await (await findRapl(memoryTree(files))).sources[0]?.open()) as SourceReader;
      gone = true;
      return opened;
    };
    const part = await open(true);
    for (let i = 0; i < 50; i++) expect(await part.read()).toEqual({ values: [1, null] });
    const headline = await open(false);
    expect(await headline.read()).toEqual({ values: [null, 1] });
    const many = async () => {
      for (let i = 0; i < 50; i++) await headline.read();
    };
    await expect(many()).rejects.toMatchObject({ name: "EnergyError", code: "E_SOURCE" });
  });

  it("passes over a file that is just being written", async () => {
    let texts = ["7", "", "9"];
    const files = zone("intel-rapl:0", "package-0", () => texts.shift() ?? "9");
    const reader = await (await findRapl(memoryTree(files))).sources[0]?.open();
    texts = ["", "9"];
    expect([await reader?.read(), await reader?.read()]).toEqual([{ values: [null] }, { values: [9] }]);
  });
});
