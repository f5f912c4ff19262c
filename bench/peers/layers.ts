/**
 * The layers that other networks are made of, each in a short network of its own: chains where input and output are alike, so that the call and the copies
 * of its numbers count for little, and the mean of each channel at the end, so that results are small.
 */
import { Net, Random } from "swivel-nn/training";
import type { Network } from "../networks.ts";
import type { ComparedNetworks } from "./networks.ts";

/** Goes on with a network. */
type Layers = (net: Net) => Net;

const repeat =
  (times: number, layers: Layers): Layers =>
  (net) =>
    Array.from({ length: times }).reduce<Net>((before) => layers(before), net);

const conv =
  (filters: number, kernel: number | [number, number], options: Parameters<Net["conv"]>[2] = {}): Layers =>
  (net) =>
    net.conv(filters, kernel, options).relu();

/** Windows that keep the image's size, or halve it. */
const depthwise =
  (kernel: number, stride = 1): Layers =>
  (net) =>
    net.depthwise(kernel, { stride, padding: (kernel - 1) / 2 }).relu();

const residual =
  (layers: Layers): Layers =>
  (net) => {
    const shortcut = net.tap();
    return layers(net).add(shortcut).relu();
  };

/** Of ResNet-50: to a quarter of the channels and back. */
const bottlenecks = (channels: number): Layers =>
  repeat(
    3,
    residual((net) => {
      const narrow = conv(channels / 4, 3, { padding: 1 })(conv(channels / 4, 1)(net));
      return narrow.conv(channels, 1);
    }),
  );

/** Of MobileNet: depthwise and 1 × 1 by turns. */
const separable: Layers = (net) =>
  ([[1, 64], [2, 128], [1, 128], [2, 256], [1, 256], [2, 512], [1, 512], [2, 1024]] as const).reduce(
    (net, [stride, filters]) => conv(filters, 1)(depthwise(3, stride)(net)),
    net,
  ); // biome-ignore format: a table

/** Of SqueezeNet: squeeze, and expand in two ways. */
const fire: Layers = (net) => {
  const squeezed = conv(16, 1)(net).tap();
  const one = conv(64, 1)(net).tap();
  return conv(64, 3, { padding: 1 })(net.from(squeezed)).concat(one);
};

/** Of DenseNet: normalised, which does not fold, and 32 channels more. */
const dense: Layers = (net) => {
  const before = net.tap();
  return net.batchNorm().relu().conv(128, 1).batchNorm().relu().conv(32, 3, { padding: 1 }).concat(before);
};

const small: Layers = (net) => {
  const features = [32, 64, 128].reduce((net, filters) => conv(filters, 3, { padding: 1 })(net).maxPool(2), net);
  return features.flatten().linear(128).relu().linear(10);
};

const mlp =
  (...features: number[]): Layers =>
  (net) =>
    features.reduce((net, count) => net.linear(count).relu(), net.flatten());

/** Layer, input [channels, height, width], what is done with it. */
const table: readonly (readonly [name: string, input: readonly [number, number, number], layers: Layers])[] = [
  ["conv3-s2-224", [3, 224, 224], conv(32, 3, { stride: 2, padding: 1 })],
  ["conv7-s2-224", [3, 224, 224], conv(64, 7, { stride: 2, padding: 3 })],
  ["conv11-s4-224", [3, 224, 224], conv(64, 11, { stride: 4, padding: 2 })],
  ["conv3-112", [64, 112, 112], repeat(2, conv(64, 3, { padding: 1 }))],
  ["conv3-bare-58", [64, 58, 58], repeat(3, conv(64, 3))],
  ["conv3-28", [256, 28, 28], repeat(3, conv(256, 3, { padding: 1 }))],
  ["conv3-14", [512, 14, 14], repeat(3, conv(512, 3, { padding: 1 }))],
  ["conv3-7", [512, 7, 7], repeat(3, conv(512, 3, { padding: 1 }))],
  ["conv3-s2-56", [64, 56, 56], conv(128, 3, { stride: 2, padding: 1 })],
  ["conv3-s2-28", [128, 28, 28], conv(256, 3, { stride: 2, padding: 1 })],
  ["conv3-s2-14", [256, 14, 14], conv(512, 3, { stride: 2, padding: 1 })],
  ["conv3-to-3-112", [64, 112, 112], conv(3, 3, { padding: 1 })],
  ["conv3-dilated-56", [64, 56, 56], repeat(3, conv(64, 3, { padding: 2, dilation: 2 }))],
  ["conv3-groups4-28", [64, 28, 28], repeat(4, conv(64, 3, { padding: 1, groups: 4 }))],
  ["conv3-groups32-28", [128, 28, 28], repeat(4, conv(128, 3, { padding: 1, groups: 32 }))],
  ["conv5-28", [48, 28, 28], repeat(3, conv(48, 5, { padding: 2 }))],
  ["conv1x7-17", [160, 17, 17], repeat(3, (net) => conv(160, [7, 1], { padding: [3, 0] })(conv(160, [1, 7], { padding: [0, 3] })(net)))],
  ["conv1-s2-56", [256, 56, 56], conv(512, 1, { stride: 2 })],
  ["bottleneck-56", [256, 56, 56], bottlenecks(256)],
  ["bottleneck-28", [512, 28, 28], bottlenecks(512)],
  ["bottleneck-14", [1024, 14, 14], bottlenecks(1024)],
  ["bottleneck-7", [2048, 7, 7], bottlenecks(2048)],
  ["depthwise3-112", [64, 112, 112], repeat(4, depthwise(3))],
  ["depthwise3-s2-112", [64, 112, 112], repeat(3, depthwise(3, 2))],
  ["depthwise3-7", [960, 7, 7], repeat(6, depthwise(3))],
  ["depthwise5-28", [240, 28, 28], repeat(4, depthwise(5))],
  ["depthwise5-s2-56", [144, 56, 56], repeat(2, depthwise(5, 2))],
  ["depthwise7-56", [96, 56, 56], repeat(3, depthwise(7))],
  ["separable-112", [32, 112, 112], separable],
  ["fire-55", [64, 55, 55], (net) => repeat(2, fire)(net).maxPool(3, { stride: 2 })],
  ["dense-28", [64, 28, 28], repeat(5, dense)],
  ["add-56", [256, 56, 56], repeat(4, residual((net) => net))],
  ["max2-112", [64, 112, 112], repeat(3, (net) => net.maxPool(2))],
  ["max3-s2-112", [64, 112, 112], repeat(3, (net) => net.maxPool(3, { stride: 2, padding: 1 }))],
  ["max3-28", [192, 28, 28], repeat(4, (net) => net.maxPool(3, { stride: 1, padding: 1 }))],
  ["avg3-28", [192, 28, 28], repeat(4, (net) => net.avgPool(3, { stride: 1, padding: 1, divisor: "pixels" }))],
  ["avg2-112", [64, 112, 112], repeat(3, (net) => net.avgPool(2))],
  ["linear-4096", [4096, 1, 1], mlp(4096, 4096, 1000)],
  ["mlp-784", [784, 1, 1], mlp(512, 256, 10)],
  ["cnn-32", [3, 32, 32], small],
]; // biome-ignore format: a table

export const comparedLayers: ComparedNetworks = Object.fromEntries(
  table.map(([name, [channels, height, width], layers]) => [
    name,
    {
      title: name,
      make(): Network {
        const net = layers(new Net({ channels, height, width }));
        const { graph, init } = (net.shape.length === 4 ? net.globalAvgPool() : net).build();
        return { name, graph, tensors: init(new Random(0)) };
      },
    },
  ]),
);
