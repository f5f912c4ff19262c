/**
 * The tour's network: two batch-normalised 3×3 convolutions and a dense layer; about 1.1 M multiply-adds on 28×28 pixels.
 * The pools stand before the activations: a quarter of the work there, and the sign of a slope can fold into the weights that read it.
 */
import { Net } from "../net.ts";
import type { Architecture } from "./architecture.ts";

export const smallCnn: Architecture = {
  description: "two batch-normalised 3×3 convolutions (16, 32 filters) and 64 dense units; about 1.1 M multiply-adds at 28×28",
  widths: [16, 32, 64],
  input: { channels: 1, height: 28, width: 28 },
  build({ input, classes, widths, rotation }) {
    const [first, second, units] = widths as [number, number, number];
    const net = new Net(input);
    for (const filters of [first, second]) net.conv(filters, 3, { padding: "same" }).batchNorm().maxPool(2).relu(rotation);
    return net.flatten().linear(units).batchNorm().relu(rotation).linear(classes);
  },
};
