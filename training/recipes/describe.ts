/** Recipes in words. */
import type { GroupRules, RecipeStage, StagedRecipe, TrainStage } from "./staged.ts";

/** A line for each stage. */
export const describeRecipe = ({ stages }: StagedRecipe): string[] => stages.map(describeStage);

/** A stage in one line for people. */
export function describeStage(stage: RecipeStage): string {
  if (stage.kind === "rotate") return "rotate: every ReLU gets slopes, all 1";
  if (stage.kind === "fresh") return "forget: fresh weights for the same network";
  if (stage.kind === "cut") {
    const { threshold, percentile, keepMacs } = stage.goal;
    const much =
      keepMacs !== undefined
        ? `to ${100 * keepMacs} % of the multiply-adds`
        : percentile !== undefined
          ? `${percentile} % of the channels`
          : `what scores ${threshold} or less`;
    return `cut by ${stage.criterion}: ${much}`;
  }
  return describeTraining(stage);
}

function describeTraining({ name, epochs, batchSize, optimizer, schedule, augment, slopes, gamma, rest }: TrainStage): string {
  const nesterov = optimizer.kind === "sgd" && optimizer.nesterov ? " with Nesterov" : "";
  const moved = [...(augment.flip ? ["mirrored"] : []), ...(augment.crop > 0 ? [`shifted by up to ${augment.crop}`] : [])];
  return [
    `${name}: ${epochs} epoch${epochs === 1 ? "" : "s"}, batches of ${batchSize}`,
    `${optimizer.kind} ${optimizer.rate}${nesterov}, ${schedule.kind}`,
    `weight decay ${optimizer.weightDecay}`,
    ...describeRules("slopes", slopes),
    ...describeRules("scales of batch norms", gamma),
    ...describeRules("all else", rest),
    ...(moved.length > 0 ? [`images ${moved.join(" and ")}`] : []),
  ].join(", ");
}

function describeRules(what: string, rules: GroupRules | undefined): string[] {
  if (!rules) return [];
  if (rules.frozen) return [`${what} frozen`];
  const { weightDecay, rateScale, l1 } = rules;
  return [
    ...(weightDecay === undefined ? [] : [`${what} ${weightDecay === 0 ? "without decay" : `with decay ${weightDecay}`}`]),
    ...(rateScale === undefined || rateScale === 1 ? [] : [`${what} at ${rateScale} times the rate`]),
    ...(l1 ? [`L1 ${l1.strength} on ${what} (${l1.mode})`] : []),
  ];
}
