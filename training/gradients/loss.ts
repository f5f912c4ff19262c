/** softmax and cross entropy. Labels get no gradient. */
import { type GradientRule, pickAttrs } from "./rule.ts";

export const softmaxGradient: GradientRule = (io, dy) => ({ x: io.add("softmax_dx", "dx", { y: io.value("y"), dy }) });

export const crossEntropyGradient: GradientRule = (io, dy) => {
  const gradients: Record<string, string> = {};
  const inputs = { logits: io.value("logits"), labels: io.value("labels"), dy };
  if (io.needs("logits")) gradients.logits = io.add("cross_entropy_dx", "dx", inputs, pickAttrs(io, "label_smoothing"));
  return gradients;
};
