/**
 * ResNet-18 for images of 224 pixels (He et al. 2015, table 1): a 7×7 stem, four stages of two blocks, 1×1 convolutions where the stream changes.
 * Tensors carry torchvision's names. Rotation after the first batch norm of a block and after its add, as in the small ResNets.
 */
import { Net } from "../net.ts";
import type { Architecture, ResolvedOptions } from "./architecture.ts";

export const resnet18: Architecture = {
  description: "ResNet-18 for large images: four stages of two blocks (64 to 512 filters)",
  widths: [64, 64, 128, 256, 512],
  input: { channels: 3, height: 224, width: 224 },
  build(options) {
    const { input, classes } = options;
    const [stem = 64, ...stages] = options.widths;
    const net = new Net(input)
      .conv(stem, 7, { stride: 2, padding: 3, bias: false, name: "conv1" })
      .batchNorm({ name: "bn1" })
      .relu({ name: "relu" })
      .maxPool(3, { stride: 2, padding: 1, name: "maxpool" });
    stages.forEach((filters, stage) => {
      for (let i = 0; i < 2; i++) block(net, `layer${stage + 1}.${i}`, filters, stage > 0 && i === 0 ? 2 : 1, options);
    });
    return net.globalAvgPool({ name: "avgpool" }).flatten({ name: "flatten" }).linear(classes, { name: "fc" });
  },
};

function block(net: Net, name: string, filters: number, stride: number, { rotation }: ResolvedOptions): void {
  const relu = (i: number) => net.relu({ ...rotation, name: `${name}.rrelu${i}`, slope: `${name}.rrelu${i}.a` });
  const before = net.tap();
  net.conv(filters, 3, { stride, padding: 1, bias: false, name: `${name}.conv1` }).batchNorm({ name: `${name}.bn1` });
  relu(1);
  net.conv(filters, 3, { padding: 1, bias: false, name: `${name}.conv2` }).batchNorm({ name: `${name}.bn2` });
  const main = net.tap();
  const same = stride === 1 && before.shape[1] === filters;
  const shortcut = same
    ? before
    : net
        .from(before)
        .conv(filters, 1, { stride, bias: false, name: `${name}.downsample.0` })
        .batchNorm({ name: `${name}.downsample.1` })
        .tap();
  net.from(main).add(shortcut, { name: `${name}.add` });
  relu(2);
}
