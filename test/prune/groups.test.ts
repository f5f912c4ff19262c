/** The groups of each topology, stated whole: what is tied to each channel of an activation. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { ops } from "../../src/ops/index.ts";
import { Net } from "../../training/net.ts";
import { groups, printGroups } from "../../training/prune/groups.ts";
import { type Topology, topology } from "./topologies.ts";

const cases: Readonly<Record<Topology, readonly string[]>> = {
  chain: [
    "relu1: 4 channels, slope relu1.slope[c]",
    "  from  bn1.weight[c]  bn1.bias[c]  bn1.running_mean[c]  bn1.running_var[c]  conv1.weight[c]",
    "  to    conv2.weight[:, c]",
    "",
    "relu2: 3 channels",
    "  from  conv2.weight[c]",
    "  to    fc1.weight[:, c]",
  ],
  "flatten into linear": [
    "relu1: 3 channels",
    "  from  conv1.weight[c]",
    "  to    fc1.weight[:, 4c…4c+3]",
    "",
    "relu2: 4 channels",
    "  from  fc1.weight[c]  fc1.bias[c]",
    "  to    fc2.weight[:, c]",
  ],
  "residual, activation after the sum": [
    "stem: 4 channels",
    "  from  conv1.weight[c]",
    "  to    conv2.weight[:, c]",
    "  meets add1",
    "",
    "inner: 3 channels",
    "  from  conv2.weight[c]",
    "  to    conv3.weight[:, c]",
    "",
    "outer: 4 channels",
    "  from  conv3.weight[c]",
    "  to    conv4.weight[:, c]",
    "",
    "last: 3 channels",
    "  from  conv4.weight[c]",
    "  to    fc1.weight[:, c]",
  ],
  "residual, activation first": [
    "first: 4 channels",
    "  from  bn1.weight[c]  bn1.bias[c]  bn1.running_mean[c]  bn1.running_var[c]  ~conv1.weight[c]",
    "  to    conv2.weight[:, c]",
    "",
    "second: 3 channels",
    "  from  bn2.weight[c]  bn2.bias[c]  bn2.running_mean[c]  bn2.running_var[c]  conv2.weight[c]",
    "  to    conv3.weight[:, c]",
    "",
    "head: 4 channels",
    "  from  conv3.weight[c]  ~conv1.weight[c]",
    "  to    fc1.weight[:, c]",
  ],
  "shortcut with pad_channels": [
    "stem: 2 channels",
    "  from  conv1.weight[c]",
    "  to    conv2.weight[:, c]",
    "  meets add1",
    "",
    "outer: 4 channels",
    "  from  conv2.weight[c]",
    "  to    fc1.weight[:, c]",
  ],
  concat: [
    "left: 3 channels",
    "  from  conv1.weight[c]",
    "  to    conv2.weight[:, c]  conv3.weight[:, c]",
    "",
    "right: 4 channels",
    "  from  conv2.weight[c]",
    "  to    conv3.weight[:, c+3]",
  ],
  depthwise: [
    "wide: 4 channels",
    "  from  conv1.weight[c]",
    "  to    conv2.weight[c]  bn1.weight[c]  bn1.bias[c]  bn1.running_mean[c]  bn1.running_var[c]  conv3.weight[:, c]",
    "",
    "deep: 4 channels",
    "  from  bn1.weight[c]  bn1.bias[c]  bn1.running_mean[c]  bn1.running_var[c]  conv2.weight[c]",
    "  to    conv3.weight[:, c]",
  ],
  grouped: [
    "before: 6 channels",
    "  from  conv1.weight[c]",
    "  to    ~conv2.weight[:, 0 1 2 0 1 2]",
    "",
    "after: 4 channels",
    "  from  conv2.weight[c]",
    "  to    conv3.weight[:, c]",
  ],
  "a branch behind a layer that can die": [
    "stem: 3 channels",
    "  from  conv1.weight[c]",
    "  to    conv2.weight[:, c]",
    "  meets add1",
    "",
    "inner: 2 channels",
    "  from  conv2.weight[c]",
    "  to    conv3.weight[:, c]",
    "",
    "constant: 2 channels",
    "  from  conv3.weight[c]  conv3.bias[c]",
    "  to    conv4.weight[:, c]",
    "",
    "outer: 3 channels",
    "  from  conv4.weight[c]  conv4.bias[c]",
    "  to    fc1.weight[:, c]",
  ],
};

describe("groups", () => {
  it.each(Object.entries(cases))("%s", (name, expected) => {
    expect(printGroups(groups(topology(name as Topology).graph)).split("\n")).toEqual(expected);
  });

  it("follow a table of channels", () => {
    const net = new Net({ channels: 1, height: 2, width: 2 });
    net.conv(3, 1).relu({ name: "site" });
    const builder = new GraphBuilder(ops, net.build().graph);
    const [y] = builder.build().outputs as [string];
    const gathered = builder.add("gather_channels", "gather", { x: y }, { index: [2, 0] });
    const w = builder.param("w", [1, 2, 1, 1]);
    builder.output(builder.add("conv2d", "reader", { x: gathered, w }));
    const [group] = groups(builder.build());
    expect(group?.readers).toEqual([{ value: "w", dim: 1, node: "reader", slot: "w", indices: [[1], [], [0]], shared: false }]);
  });
});
