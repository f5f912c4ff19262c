/**
 * MobileNetV2 (Sandler et al. 2018): inverted residuals, 1×1 up, 3×3 depthwise, 1×1 down without activation. Tensors carry torchvision's names. Images
 * smaller than 64 pixels are not halved in the stem and the second stage, as is usual for CIFAR. Rotation of every ReLU6.
 */
import { Net } from "../net.ts";
import type { Architecture, ResolvedOptions } from "./architecture.ts";

interface Stage {
  /** How many times wider a block is inside. */
  readonly expansion: number;
  readonly blocks: number;
  readonly stride: number;
}

const STAGES: readonly Stage[] = [
  { expansion: 1, blocks: 1, stride: 1 },
  { expansion: 6, blocks: 2, stride: 2 },
  { expansion: 6, blocks: 3, stride: 2 },
  { expansion: 6, blocks: 4, stride: 2 },
  { expansion: 6, blocks: 3, stride: 1 },
  { expansion: 6, blocks: 3, stride: 2 },
  { expansion: 6, blocks: 1, stride: 1 },
];
const SMALL = 64;

export const mobilenetV2: Architecture = {
  description: "MobileNetV2: 17 inverted residuals with depthwise convolutions and ReLU6",
  // stem, the output of each stage, head
  widths: [32, 16, 24, 32, 64, 96, 160, 320, 1280],
  input: { channels: 3, height: 224, width: 224 },
  build(options) {
    const { input, classes, widths } = options;
    const [stem = 32, ...rest] = widths;
    const head = rest.pop() as number;
    const small = Math.min(input.height, input.width) < SMALL;
    const net = new Net(input);
    layer(net, "features.0", stem, 3, small ? 1 : 2, false, options);
    let index = 1;
    STAGES.forEach(({ expansion, blocks, stride }, stage) => {
      for (let i = 0; i < blocks; i++) {
        const step = i === 0 && !(small && stage === 1) ? stride : 1;
        block(net, `features.${index++}`, { filters: rest[stage] as number, expansion, stride: step }, options);
      }
    });
    layer(net, `features.${index}`, head, 1, 1, false, options);
    return net.globalAvgPool({ name: "pool" }).flatten({ name: "flatten" }).linear(classes, { name: "classifier.1" });
  },
};

/** Convolution, batch norm, ReLU6: entries 0, 1 and 2 of `name`. */
function layer(
  net: Net,
  name: string,
  filters: number,
  kernel: number,
  stride: number,
  depthwise: boolean,
  { rotation }: ResolvedOptions,
): void {
  const options = { stride, padding: (kernel - 1) / 2, bias: false, name: `${name}.0` };
  if (depthwise) net.depthwise(kernel, options);
  else net.conv(filters, kernel, options);
  net.batchNorm({ name: `${name}.1` }).relu6({ ...rotation, name: `${name}.2`, slope: `${name}.2.a` });
}

function block(net: Net, name: string, of: { filters: number; expansion: number; stride: number }, options: ResolvedOptions): void {
  const before = net.tap();
  const channels = net.shape[1] as number;
  let index = 0;
  if (of.expansion > 1) layer(net, `${name}.conv.${index++}`, of.expansion * channels, 1, 1, false, options);
  layer(net, `${name}.conv.${index++}`, 0, 3, of.stride, true, options);
  net.conv(of.filters, 1, { bias: false, name: `${name}.conv.${index++}` }).batchNorm({ name: `${name}.conv.${index}` });
  if (of.stride === 1 && channels === of.filters) net.add(before, { name: `${name}.add` });
}
