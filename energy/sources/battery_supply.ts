/** One battery of Linux' or Android's power_supply class: which of its many readings can be had, and in which state it is. */
import { integerAt, isForbidden, type Tree, textOr } from "./tree.ts";

export const FOLDER = "class/power_supply";

/** How joules come out of a battery's files, the best first. */
export type BatteryWay = "power_now" | "current_now" | "energy_now" | "charge_now" | "charge_counter";

export interface Battery {
  readonly name: string;
  /** As the kernel says: Charging, Discharging, Full, Not charging, Unknown. */
  readonly status: string;
  readonly way?: BatteryWay;
  /** Why it gives no joules. */
  readonly trouble?: string;
  /** Share of a full charge. */
  readonly charge?: number;
}

/** A cell has 2 to 5 V, and laptops put up to a dozen in a row. */
const VOLTS = { low: 2, high: 60 };

export async function findBatteries(tree: Tree): Promise<Battery[]> {
  const batteries: Battery[] = [];
  for (const name of await tree.list(FOLDER)) {
    const path = `${FOLDER}/${name}`;
    const type = await textOr(tree, `${path}/type`);
    // mice and keyboards have batteries too, which nothing here runs on
    if ((await textOr(tree, `${path}/scope`)) === "Device" || (await textOr(tree, `${path}/present`)) === "0") continue;
    const status = await textOr(tree, `${path}/status`);
    if (type !== undefined ? type !== "Battery" : status === undefined) continue;
    batteries.push(await readBattery(tree, name, status ?? "Unknown"));
  }
  return batteries;
}

async function readBattery(tree: Tree, name: string, status: string): Promise<Battery> {
  const path = `${FOLDER}/${name}`;
  const has = async (file: string) => (await integerAt(tree, `${path}/${file}`)) !== undefined;
  const nonzero = async (file: string) => ((await integerAt(tree, `${path}/${file}`)) ?? 0) !== 0;
  const percent = await integerAt(tree, `${path}/capacity`);
  const facts = { name, status, ...(percent !== undefined && { charge: percent / 100 }) };
  // a zero while current must flow says that the driver does not know
  if (await nonzero("power_now")) return { ...facts, way: "power_now" };
  const volts = ((await integerAt(tree, `${path}/voltage_now`)) ?? 0) * 1e-6;
  const sane = volts >= VOLTS.low && volts <= VOLTS.high;
  if (sane && (await nonzero("current_now"))) return { ...facts, way: "current_now" };
  if (await has("energy_now")) return { ...facts, way: "energy_now" };
  for (const way of ["charge_now", "charge_counter"] as const) if (sane && (await has(way))) return { ...facts, way };
  return { ...facts, trouble: await troubleOf(tree, path, volts) };
}

async function troubleOf(tree: Tree, path: string, volts: number): Promise<string> {
  for (const file of ["power_now", "current_now", "energy_now"]) {
    try {
      await tree.text(`${path}/${file}`);
    } catch (error) {
      if (isForbidden(error)) return `${tree.root}/${path}/${file} may not be read; run this command with sudo (on Android by adb's shell)`;
    }
  }
  const flows = (await integerAt(tree, `${path}/current_now`)) ?? (await integerAt(tree, `${path}/charge_now`));
  if (flows === undefined) return "its driver gives neither power nor current nor energy";
  if (volts === 0) return "its driver gives a current or charge and no voltage, and joules need both";
  return `voltage_now says ${volts} V, which no battery has; the driver counts in another unit than microvolts`;
}

/** Names of chargers that are connected. */
export async function connectedChargers(tree: Tree): Promise<string[]> {
  const online: string[] = [];
  for (const name of await tree.list(FOLDER)) {
    const type = await textOr(tree, `${FOLDER}/${name}/type`);
    if (type === "Battery" || (await textOr(tree, `${FOLDER}/${name}/scope`)) === "Device") continue;
    if (((await integerAt(tree, `${FOLDER}/${name}/online`)) ?? 0) > 0) online.push(name);
  }
  return online;
}
