/**
 * VGG-16 with batch norm for small images (Simonyan and Zisserman 2014; the single classifier layer of its CIFAR form): thirteen 3×3 convolutions in
 * five stages, halved by max pools. Tensors carry torchvision's names. Rotation after every batch norm.
 */
import { Net } from "../net.ts";
import type { Architecture } from "./architecture.ts";

/** Convolutions of each stage. */
const STAGES = [2, 2, 3, 3, 3] as const;

export const vgg16bn: Architecture = {
  description: "VGG-16 with batch norm: thirteen 3×3 convolutions in five stages, one classifier layer",
  widths: [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512],
  input: { channels: 3, height: 32, width: 32 },
  build({ input, classes, widths, rotation }) {
    const net = new Net(input);
    let layer = 0;
    // torchvision counts convolutions, batch norms, activations and pools of `features` alike
    let at = 0;
    STAGES.forEach((count, stage) => {
      for (let i = 0; i < count; i++) {
        const filters = widths[layer++] as number;
        net
          .conv(filters, 3, { padding: 1, bias: false, name: `features.${at++}` })
          .batchNorm({ name: `features.${at++}` })
          .relu({ ...rotation, name: `features.${at}`, slope: `features.${at++}.a` });
      }
      net.maxPool(2, { name: `pool${stage + 1}` });
      at++;
    });
    return net.globalAvgPool({ name: "avgpool" }).flatten({ name: "flatten" }).linear(classes, { name: "classifier" });
  },
};
