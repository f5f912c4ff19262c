/** What is known of this machine and its state, for the record. */
import { cpus, platform, release } from "node:os";
import type { Device } from "../../energy/record.ts";
import { nodeTree } from "../../energy/sources/node_tree.ts";
import { integerAt, type Tree, textOr } from "../../energy/sources/tree.ts";

export async function thisDevice(sysfs?: string): Promise<Device> {
  const tree = await nodeTree(sysfs);
  const model = await textOr(tree, "class/dmi/id/product_name");
  const governor = await textOr(tree, "devices/system/cpu/cpu0/cpufreq/scaling_governor");
  const brightness = await brightnessOf(tree);
  const battery = (await tree.list("class/power_supply")).find((name) => /^(BAT\d*|battery)$/i.test(name));
  const charge = battery && (await integerAt(tree, `class/power_supply/${battery}/capacity`));
  const status = battery && (await textOr(tree, `class/power_supply/${battery}/status`));
  return {
    ...(model && { model }),
    os: `${platform()} ${release()}`,
    cpu: cpus()[0]?.model.trim() || "unknown processor",
    runtime: `Node ${process.version}`,
    ...(governor && { governor }),
    ...(brightness !== undefined && { brightness }),
    ...(typeof charge === "number" && charge >= 0 && charge <= 100 && { charge: charge / 100 }),
    ...(status && { charging: status === "Charging" }),
  };
}

async function brightnessOf(tree: Tree): Promise<number | undefined> {
  const [light] = await tree.list("class/backlight").catch(() => []);
  if (light === undefined) return undefined;
  const [now, most] = await Promise.all(
    ["brightness", "max_brightness"].map((file) => integerAt(tree, `class/backlight/${light}/${file}`)),
  );
  return now !== undefined && most !== undefined && most > 0 && now >= 0 && now <= most ? now / most : undefined;
}
