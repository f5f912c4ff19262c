/** Every architecture has the parameters and multiply-adds that are published for it, and is built for other images and classes too. */
import { describe, expect, it } from "vitest";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";
import { type ArchitectureName, architectures, createModel } from "../../training/models/index.ts";

/** Parameters with ReLU and with rotated ReLU, and multiply-adds in millions. 10 classes, or 1000 for images of 224 pixels. */
const published: Readonly<Record<ArchitectureName, readonly [relu: number, rrelu: number, mega: number]>> = {
  "small-cnn": [105_978, 106_090, 1.1],
  lenet: [61_706, 61_932, 0.4],
  "mlp-784-500-10": [397_510, 398_010, 0.4],
  "mlp-784-500-300-10": [545_810, 546_610, 0.5],
  // the authors' logs have 270,394 and 855,034
  resnet20: [269_722, 270_394, 40.6],
  resnet32: [464_154, 465_274, 68.9],
  resnet56: [853_018, 855_034, 125.5],
  resnet110: [1_727_962, 1_731_994, 252.9],
  "resnet110-pre": [1_727_962, 1_732_010, 252.9],
  "resnet164-pre": [1_703_258, 1_715_114, 247.6],
  // 2.75 M and 8.95 M in the paper on wide ResNets
  "wrn-16-4": [2_748_890, 2_750_442, 392.6],
  "wrn-40-4": [8_949_210, 8_954_346, 1298.6],
  "vgg16-bn": [14_724_042, 14_728_266, 313.2],
  // torchvision's, to the parameter
  resnet18: [11_689_512, 11_693_352, 1814.1],
  "mobilenet-v2": [3_504_872, 3_520_424, 300.8],
};

describe("architectures", () => {
  it.each(Object.entries(published))("%s", (name, [relu, rrelu, mega]) => {
    const { input } = architectures[name as ArchitectureName];
    const classes = input.height === 224 ? 1000 : 10;
    const cost = (activation: "relu" | "rrelu") => costOf(createModel(name, { activation, input, classes }).graph, ops);
    expect(cost("relu").params).toBe(relu);
    expect(cost("rrelu").params).toBe(rrelu);
    expect(cost("relu").macs / 1e6).toBeCloseTo(mega, 1);
  });

  it("MobileNetV2 keeps small images large", () => {
    const { graph } = createModel("mobilenet-v2", { activation: "relu", input: { channels: 3, height: 32, width: 32 }, classes: 100 });
    expect(costOf(graph, ops).macs / 1e6).toBeCloseTo(87.9, 0);
  });
});
