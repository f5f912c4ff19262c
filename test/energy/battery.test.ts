import { describe, expect, it } from "vitest";
import { findBattery } from "../../energy/sources/battery.ts";
import { type File, memoryTree, supply } from "./memory_tree.ts";

const draining = { type: "Battery", status: "Discharging", capacity: 80, voltage_now: 12_000_000 };
const found = (files: Readonly<Record<string, File>>) => findBattery(memoryTree(files));
const read = async (files: Readonly<Record<string, File>>) => {
  const { sources } = await found(files);
  const channel = sources[0]?.info.channels[0];
  const { values } = (await (await sources[0]?.open())?.read()) ?? { values: [] };
  return { watts: (channel?.scale ?? Number.NaN) * Number(values[0]), kind: channel?.kind, values };
};

describe("what flows is found by", () => {
  it.each<[string, Record<string, File>, number]>([
    ["power_now", { power_now: 9_000_000 }, 9],
    ["power_now below zero, of drivers that count it so", { power_now: -9_000_000 }, 9],
    ["current_now times voltage_now", { current_now: 750_000 }, 9],
    ["current_now below zero", { current_now: -750_000 }, 9],
    ["current_now, where power_now says 0", { power_now: 0, current_now: 750_000 }, 9],
    ["current_now, where power_now fails", { power_now: { deny: "ENODATA" }, current_now: -750_000 }, 9],
  ])("%s", async (_, files, watts) => {
    expect(await read(supply("BAT0", { ...draining, ...files }))).toMatchObject({ kind: "power", watts: expect.closeTo(watts, 9) });
  });

  it("energy_now, which falls", async () => {
    const { sources } = await found(supply("BAT1", { ...draining, energy_now: 40_000_000 }));
    expect(sources[0]?.info.channels[0]).toMatchObject({ kind: "counter", unit: "µWh", scale: -0.0036, resolution: expect.any(Number) });
  });

  it.each(["charge_now", "charge_counter"])("%s times the voltage of the moment", async (file) => {
    let charge = 3_000_000;
    const { sources } = await found(supply("battery", { ...draining, voltage_now: 4_000_000, [file]: () => (charge -= 1000) }));
    const reader = await sources[0]?.open();
    const first = (await reader?.read())?.values[0] as number;
    const second = (await reader?.read())?.values[0] as number;
    // 1 mAh at 4 V
    expect(second - first).toBeCloseTo(14.4, 9);
  });
});

describe("a battery is refused", () => {
  it.each<[string, Record<string, File>, RegExp]>([
    ["while it charges", { ...draining, status: "Charging", power_now: 9e6 }, /BAT0 is charging; unplug/],
    ["when it is full", { ...draining, status: "Full", power_now: 9e6 }, /"Full", as batteries do on mains/],
    ["when it does not charge", { ...draining, status: "Not charging", power_now: 9e6 }, /"Not charging".*unplug/],
    ["when nobody knows", { ...draining, status: "Unknown", power_now: 9e6 }, /nobody knows which way/],
    ["without a voltage", { type: "Battery", status: "Discharging", current_now: 5e5 }, /no voltage, and joules need both/],
    ["with a voltage that none has", { ...draining, voltage_now: 3800, current_now: 5e5 }, /0.0038 V, which no battery has/],
    ["without anything", { type: "Battery", status: "Discharging" }, /neither power nor current nor energy/],
    [
      "without permission",
      { type: "Battery", status: "Discharging", power_now: { deny: "EACCES" } },
      /may not be read; run this command with sudo/,
    ],
  ])("%s", async (_, files, reason) => {
    const { listings, sources } = await found(supply("BAT0", files));
    expect(sources).toEqual([]);
    expect(listings[0]).toMatchObject({ id: "battery:BAT0", available: false, reason: expect.stringMatching(reason) });
  });

  it("while a charger is connected, even if it discharges", async () => {
    const files = { ...supply("BAT0", { ...draining, power_now: 9e6 }), ...supply("AC", { type: "Mains", online: 1 }) };
    expect((await found(files)).listings[0]).toMatchObject({
      available: false,
      reason: expect.stringMatching(/a charger is connected \(AC\)/),
    });
    const unplugged = { ...files, ...supply("AC", { type: "Mains", online: 0 }) };
    expect((await found(unplugged)).sources).toHaveLength(1);
  });

  it("if it is a mouse's, or not there", async () => {
    const files = {
      ...supply("hid-mouse", { ...draining, scope: "Device", power_now: 1 }),
      ...supply("BAT1", { ...draining, present: 0 }),
    };
    expect((await found(files)).listings).toEqual([
      expect.objectContaining({ id: "battery", reason: "no battery under /sys/class/power_supply" }),
    ]);
  });
});

describe("two batteries", () => {
  const files = {
    ...supply("BAT0", { ...draining, status: "Unknown", power_now: 300_000 }),
    ...supply("BAT1", { ...draining, power_now: 9_000_000 }),
  };

  it("are one source; the one that rests counts nothing", async () => {
    const { listings, sources } = await found(files);
    expect(listings.map(({ id, headline }) => [id, headline])).toEqual([
      ["battery", true],
      ["battery:BAT0", false],
      ["battery:BAT1", false],
    ]);
    expect(sources[0]?.info.headline).toEqual(["BAT1", "BAT0"]);
    expect((await read(files)).values).toEqual([9_000_000, 0]);
  });

  it("of which one charges are refused", async () => {
    const { sources, listings } = await found({ ...files, ...supply("BAT0", { ...draining, status: "Charging", power_now: 9e6 }) });
    expect(sources).toEqual([]);
    expect(listings[0]).toMatchObject({ available: false, reason: expect.stringMatching(/charging/) });
  });
});

it("a charger that comes and goes spoils what follows", async () => {
  let online = 0;
  const files = { ...supply("BAT0", { ...draining, power_now: 9e6 }), ...supply("usb", { type: "USB", online: () => online }) };
  const reader = await (await found(files)).sources[0]?.open();
  expect(await reader?.read()).toEqual({ values: [9e6] });
  online = 1;
  expect(await reader?.read()).toMatchObject({ fault: "a charger was plugged in (usb)" });
  online = 0;
  expect(await reader?.read()).toMatchObject({ fault: "a charger was plugged in (usb)" });
});
