/** The networks that engines are compared on, as files: Swivel's own and ONNX. Random weights, in packed form. */
import { costOf, type Graph, ops, writeModel } from "swivel-nn";
import { toOnnx } from "swivel-nn/onnx";
import { type Network, network, packed, pruned } from "../networks.ts";

export interface ServedNetwork {
  readonly name: string;
  readonly title: string;
  /** Without the batch. */
  readonly shape: readonly number[];
  readonly macs: number;
}

export interface ComparedNetwork {
  readonly title: string;
  /** Made when asked for: MobileNetV2 takes a second. */
  make(): Network | Promise<Network>;
}

export type ComparedNetworks = Readonly<Record<string, ComparedNetwork>>;

/** On GPUs. */
export const comparedNetworks: ComparedNetworks = {
  lenet: { title: "LeNet", make: () => network("lenet", "rrelu") },
  resnet20: { title: "ResNet-20", make: () => network("resnet20", "rrelu") },
  "resnet20-pruned": { title: "ResNet-20, half of its multiply-adds cut", make: () => pruned("resnet20") },
  "mobilenet-v2": { title: "MobileNetV2", make: () => network("mobilenet-v2", "relu") },
};

/** On CPUs. Plain ReLUs, with which the peers are at their best: where slopes do not fold, they run them as a multiplication of its own. */
export const cpuNetworks: ComparedNetworks = {
  lenet: { title: "LeNet", make: () => network("lenet", "relu") },
  resnet20: { title: "ResNet-20", make: () => network("resnet20", "relu") },
  resnet56: { title: "ResNet-56", make: () => network("resnet56", "relu") },
  "wrn-16-4": { title: "WRN-16-4", make: () => network("wrn-16-4", "relu") },
  resnet18: { title: "ResNet-18", make: () => network("resnet18", "relu") },
  "mobilenet-v2": { title: "MobileNetV2", make: () => network("mobilenet-v2", "relu") },
};

export interface NetworkFile {
  readonly graph: Graph;
  readonly macs: number;
  readonly model: Uint8Array;
  readonly onnx: Uint8Array;
}

/** `/networks/<name>.safetensors` and `.onnx`. */
export async function filesOf({ make }: ComparedNetwork): Promise<NetworkFile> {
  const model = packed(await make());
  return { graph: model.graph, macs: costOf(model.graph, ops).macs, model: writeModel(model), onnx: toOnnx(model) };
}
