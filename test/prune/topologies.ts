/** One small network for each way in which channels depend on one another. 4×4 pixels, two input channels. */
import type { Network } from "../../src/passes/network.ts";
import { Net } from "../../training/net.ts";
import { Random } from "../../training/random.ts";

const input = { channels: 2, height: 4, width: 4 };
const same = { padding: 1, bias: false } as const;

export const topologies = {
  chain: (net: Net) => net.conv(4, 3, same).batchNorm().relu({ rotated: true }).conv(3, 3, same).relu().globalAvgPool().flatten().linear(2),

  "flatten into linear": (net: Net) => net.conv(3, 3, same).relu().maxPool(2).flatten().linear(4).relu().linear(2),

  "residual, activation after the sum": (net: Net) => {
    const stem = net.conv(4, 3, same).relu({ name: "stem" }).tap();
    net.conv(3, 3, same).relu({ name: "inner" }).conv(4, 3, same).add(stem).relu({ name: "outer" });
    return net.conv(3, 3, same).relu({ name: "last" }).globalAvgPool().flatten().linear(2);
  },

  "residual, activation first": (net: Net) => {
    const stream = net.conv(4, 3, same).tap();
    const sum = net.batchNorm().relu({ name: "first" }).conv(3, 3, same).batchNorm().relu({ name: "second" }).conv(4, 3, same).add(stream);
    return sum.relu({ name: "head" }).globalAvgPool().flatten().linear(2);
  },

  "shortcut with pad_channels": (net: Net) => {
    const stream = net.conv(2, 3, same).relu({ name: "stem" }).tap();
    const main = net.conv(4, 3, { ...same, stride: 2 }).tap();
    const shortcut = net.from(stream).maxPool(1, { stride: 2 }).padChannels(1, 1).tap();
    return net.from(main).add(shortcut).relu({ name: "outer" }).globalAvgPool().flatten().linear(2);
  },

  concat: (net: Net) => {
    const start = net.conv(3, 3, same).relu({ name: "left" }).tap();
    const right = net.conv(4, 3, same).relu({ name: "right" }).tap();
    return net.from(start).concat(right).conv(2, 1, { bias: false }).globalAvgPool().flatten().linear(2);
  },

  depthwise: (net: Net) =>
    net
      .conv(4, 1, { bias: false })
      .relu({ name: "wide" })
      .depthwise(3, same)
      .batchNorm()
      .relu({ name: "deep" })
      .conv(3, 1, { bias: false })
      .globalAvgPool()
      .flatten()
      .linear(2),

  grouped: (net: Net) =>
    net
      .conv(6, 1, { bias: false })
      .relu({ name: "before" })
      .conv(4, 3, { ...same, groups: 2 })
      .relu({ name: "after" })
      .conv(2, 1, { bias: false })
      .globalAvgPool()
      .flatten()
      .linear(2),

  "a branch behind a layer that can die": (net: Net) => {
    const stream = net.conv(3, 3, same).relu({ name: "stem" }).tap();
    net.conv(2, 3, same).relu({ name: "inner" }).conv(2, 3, { padding: 1 }).relu({ name: "constant" }).conv(3, 3, { padding: 1 });
    return net.add(stream).relu({ name: "outer" }).globalAvgPool().flatten().linear(2);
  },
} as const satisfies Record<string, (net: Net) => Net>;

export type Topology = keyof typeof topologies;

/** The network with weights in which nothing is zero by chance. */
export function topology(name: Topology): Network {
  const { graph, init } = topologies[name](new Net(input)).build();
  const random = new Random(name);
  const tensors = Object.fromEntries(
    Object.entries(init(random)).map(([value, data]) => [
      value,
      Float64Array.from(data, () => (value.endsWith("_var") ? 0.5 + random.uniform() : random.normal())),
    ]),
  );
  return { graph, tensors };
}
