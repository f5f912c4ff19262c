/**
 * Networks whose blocks begin with batch norm and activation and end in a bare sum (He et al. 2016, "Identity Mappings in Deep Residual Networks"):
 * ResNet-110-pre (two 3×3 convolutions a block), ResNet-164-pre (bottlenecks) and wide ResNets (Zagoruyko and Komodakis 2016). Rotation as in the
 * paper: after each batch norm of a block; the last one before the classifier stays plain in WRN and ResNet-164.
 */
import { Net, type Tap } from "../net.ts";
import type { Architecture, ResolvedOptions } from "./architecture.ts";

const INPUT = { channels: 3, height: 32, width: 32 } as const;

interface Family {
  readonly description: string;
  /** Filters of the stem, then those of each stage's stream. */
  readonly widths: readonly [number, number, number, number];
  readonly blocksPerStage: number;
  /** Filters of a bottleneck's inner layers are the stream's divided by this; 1: two 3×3 convolutions. */
  readonly bottleneck: 1 | 4;
  /** What a block's shortcut reads where the stream changes: the sum as it is, or after the block's first activation; or no weights at all. */
  readonly shortcut: "raw" | "activated" | "parameter-free";
  /** Whether the last activation rotates too. */
  readonly rotatesLast: boolean;
}

function preactivation({ description, widths, blocksPerStage, bottleneck, shortcut, rotatesLast }: Family): Architecture {
  return {
    description,
    widths,
    input: INPUT,
    build(options) {
      const { input, classes, rotation } = options;
      const [stem = 16, ...stages] = options.widths;
      const net = new Net(input).conv(stem, 3, { padding: 1, bias: false, name: "conv1" });
      stages.forEach((filters, stage) => {
        for (let i = 0; i < blocksPerStage; i++) {
          const stride = stage > 0 && i === 0 ? 2 : 1;
          block(net, `layer${stage + 1}.${i}`, { filters, stride, bottleneck, shortcut }, options);
        }
      });
      net.batchNorm({ name: "bn" }).relu({ ...(rotatesLast ? { ...rotation, slope: "relu.a" } : {}), name: "relu" });
      return net.globalAvgPool({ name: "pool" }).flatten({ name: "flatten" }).linear(classes, { name: "linear" });
    },
  };
}

type Block = Pick<Family, "bottleneck" | "shortcut"> & { readonly filters: number; readonly stride: number };

function block(net: Net, name: string, { filters, stride, bottleneck, shortcut }: Block, { rotation }: ResolvedOptions): void {
  const activate = (i: number): Net =>
    net.batchNorm({ name: `${name}.bn${i}` }).relu({ ...rotation, name: `${name}.rrelu${i}`, slope: `${name}.rrelu${i}.a` });
  const raw = net.tap();
  const activated = activate(1).tap();
  const inner = filters / bottleneck;
  // [filters, kernel]; the stride is that of the first 3×3
  const convs =
    bottleneck === 1 ? [[filters, 3] as const, [filters, 3] as const] : [[inner, 1] as const, [inner, 3] as const, [filters, 1] as const];
  const strided = convs.findIndex(([, kernel]) => kernel === 3);
  convs.forEach(([width, kernel], i) => {
    if (i > 0) activate(i + 1);
    net.conv(width, kernel, { stride: i === strided ? stride : 1, padding: (kernel - 1) / 2, bias: false, name: `${name}.conv${i + 1}` });
  });
  const main = net.tap();
  const changes = stride > 1 || (raw.shape[1] as number) !== filters;
  const side = changes ? changedStream(net, name, shortcut === "activated" ? activated : raw, { filters, stride, shortcut }) : raw;
  net.from(main).add(side, { name: `${name}.add` });
}

function changedStream(net: Net, name: string, from: Tap, { filters, stride, shortcut }: Omit<Block, "bottleneck">): Tap {
  net.from(from);
  if (shortcut !== "parameter-free") return net.conv(filters, 1, { stride, bias: false, name: `${name}.shortcut` }).tap();
  if (stride > 1) net.maxPool(1, { stride, name: `${name}.shortcut.pool` });
  const missing = filters - (net.shape[1] as number);
  const before = Math.floor(missing / 2);
  return net.padChannels(before, missing - before, { name: `${name}.shortcut.pad` }).tap();
}

export const resnet110pre = preactivation({
  description: "ResNet-110 with pre-activation: three stages of 18 blocks (16, 32, 64 filters), parameter-free shortcuts",
  widths: [16, 16, 32, 64],
  blocksPerStage: 18,
  bottleneck: 1,
  shortcut: "parameter-free",
  rotatesLast: true,
});

export const resnet164pre = preactivation({
  description: "ResNet-164 with pre-activation: three stages of 18 bottlenecks (streams of 64, 128, 256 channels)",
  widths: [16, 64, 128, 256],
  blocksPerStage: 18,
  bottleneck: 4,
  shortcut: "raw",
  rotatesLast: false,
});

/** WRN-depth-k: (depth − 4) / 6 blocks a stage, k times as wide as ResNet-20. */
export function wideResnet(depth: number, k: number): Architecture {
  const blocksPerStage = (depth - 4) / 6;
  return preactivation({
    description: `wide ResNet-${depth}-${k}: three stages of ${blocksPerStage} blocks (${16 * k}, ${32 * k}, ${64 * k} filters)`,
    widths: [16, 16 * k, 32 * k, 64 * k],
    blocksPerStage,
    bottleneck: 1,
    shortcut: "activated",
    rotatesLast: false,
  });
}
