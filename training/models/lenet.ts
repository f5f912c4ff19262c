/** LeNet-5 (LeCun et al. 1998) as it is trained today: ReLUs and max pools. 28×28 images are padded to the 32×32 of the original. */
import { Net } from "../net.ts";
import type { Architecture } from "./architecture.ts";

export const lenet: Architecture = {
  description: "LeNet-5 with ReLUs: 5×5 convolutions of 6 and 16 filters, dense layers of 120 and 84",
  widths: [6, 16, 120, 84],
  input: { channels: 1, height: 28, width: 28 },
  build({ input, classes, widths, rotation }) {
    const [first, second, third, fourth] = widths as [number, number, number, number];
    const padding = input.height === 28 && input.width === 28 ? 2 : 0;
    const net = new Net(input);
    net.conv(first, 5, { padding }).relu(rotation).maxPool(2);
    net.conv(second, 5).relu(rotation).maxPool(2);
    return net.flatten().linear(third).relu(rotation).linear(fourth).relu(rotation).linear(classes);
  },
};
