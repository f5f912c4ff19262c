/** `swivel energy plan`: how many pairs a saving needs, at the noise that was measured. */
import { Command } from "commander";
import { noiseOf, planPairs } from "../../energy/plan.ts";
import { secondsOf } from "../../energy/protocol/settings.ts";
import { EnergyError } from "../../src/errors.ts";
import { jsonOption, outputOf, share } from "../options.ts";
import { clock, percent, table } from "../output.ts";
import { openRecord } from "./check.ts";

export const planCommand = (): Command =>
  new Command("plan")
    .description("how many pairs a saving needs, at the noise that was measured")
    .argument("[record]", "what `swivel energy run` wrote", "energy.json")
    .requiredOption("--expect <share>", "the saving: 0.10 is 10 % less energy", share)
    .addOption(jsonOption())
    .action(async (path: string, { expect }: { expect: number }, command: Command) => {
      const { result, settings } = await openRecord(path);
      const plans = (["gross", "net"] as const).flatMap((of) => {
        const noise = noiseOf(result, of);
        return noise ? [{ of, noise: noise.deviation, ...planPairs(expect, noise) }] : [];
      });
      if (plans.length === 0)
        throw new EnergyError("E_MEASUREMENT", `${path} holds too few blocks to know its noise; measure 10 pairs at least`);
      const pairs = Math.max(...plans.map((plan) => plan.pairs));
      const seconds = secondsOf({ ...settings, pairs });
      const names = { gross: "in all", net: "above idle" };
      const rows = plans.map((plan) => [names[plan.of], percent(plan.noise, 1), String(plan.pairs), String(plan.atMeasuredNoise)]);
      const text = [
        table([[`a saving of ${percent(expect, 1)}`, "noise of a block", "pairs", "if it is no noisier"], ...rows]),
        `With ${pairs} pairs nine of ten measurements find it. In windows of ${settings.windowSeconds} s that takes about ${clock(1000 * seconds)} min:`,
        `  swivel energy run A B --pairs ${pairs}`,
      ].join("\n");
      outputOf(command).result({ expect, pairs, seconds, of: plans }, text);
    });
