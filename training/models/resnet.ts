/**
 * ResNets for small images (He et al. 2015, section 4.2): 6n + 2 layers in three stages, post-activation, with the parameter-free shortcut
 * ("option A": every second pixel, zero channels on both sides). Rotation as in the paper: after the first batch norm of a block and after
 * its add; the stem keeps a plain ReLU. Tensors carry the names of the authors' checkpoints.
 */
import { Net, type Tap } from "../net.ts";
import type { Architecture, ResolvedOptions } from "./architecture.ts";

export function resnet(blocksPerStage: number): Architecture {
  const layers = 6 * blocksPerStage + 2;
  return {
    description: `ResNet-${layers} for small images: three stages of ${blocksPerStage} blocks (16, 32, 64 filters), parameter-free shortcuts`,
    widths: [16, 32, 64],
    input: { channels: 3, height: 32, width: 32 },
    build(options) {
      const { input, classes, widths } = options;
      const net = new Net(input);
      net
        .conv(widths[0] as number, 3, { padding: 1, bias: false, name: "conv1" })
        .batchNorm({ name: "bn1" })
        .relu({ name: "relu1" });
      widths.forEach((filters, stage) => {
        for (let i = 0; i < blocksPerStage; i++) block(net, `layer${stage + 1}.${i}`, filters, stage > 0 && i === 0 ? 2 : 1, options);
      });
      return net.globalAvgPool({ name: "pool" }).flatten({ name: "flatten" }).linear(classes, { name: "linear" });
    },
  };
}

function block(net: Net, name: string, filters: number, stride: number, { rotation }: ResolvedOptions): void {
  const relu = (i: number) => net.relu({ ...rotation, name: `${name}.rrelu${i}`, slope: `${name}.rrelu${i}.a` });
  const before = net.tap();
  net.conv(filters, 3, { stride, padding: 1, bias: false, name: `${name}.conv1` }).batchNorm({ name: `${name}.bn1` });
  relu(1);
  const main = net
    .conv(filters, 3, { padding: 1, bias: false, name: `${name}.conv2` })
    .batchNorm({ name: `${name}.bn2` })
    .tap();
  const shortcut = shortcutOf(net.from(before), name, filters, stride);
  net.from(main).add(shortcut, { name: `${name}.add` });
  relu(2);
}

/** The stream as it is, or where the block changes its size: subsampled, with the missing channels as zeros, half of them on each side. */
function shortcutOf(net: Net, name: string, filters: number, stride: number): Tap {
  const missing = filters - (net.shape[1] as number);
  if (stride > 1) net.maxPool(1, { stride, name: `${name}.shortcut.pool` });
  if (missing > 0) {
    const before = Math.floor(missing / 2);
    net.padChannels(before, missing - before, { name: `${name}.shortcut.pad` });
  } else if (missing < 0) {
    net.sliceChannels(0, filters, { name: `${name}.shortcut.slice` });
  }
  return net.tap();
}
