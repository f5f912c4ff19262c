/** Multilayer perceptrons: flattened pixels through dense layers, a (rotated) ReLU after each but the last. */
import { Net } from "../net.ts";
import type { Architecture } from "./architecture.ts";

export function mlp(widths: readonly number[], description: string): Architecture {
  return {
    description,
    widths,
    input: { channels: 1, height: 28, width: 28 },
    build(options) {
      const net = new Net(options.input).flatten();
      for (const width of options.widths) net.linear(width).relu(options.rotation);
      return net.linear(options.classes);
    },
  };
}
