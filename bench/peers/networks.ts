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

/** Made when asked for: MobileNetV2 takes a second. */
export const comparedNetworks: Readonly<Record<string, { readonly title: string; make(): Network | Promise<Network> }>> = {
  lenet: { title: "LeNet", make: () => network("lenet", "rrelu") },
  resnet20: { title: "ResNet-20", make: () => network("resnet20", "rrelu") },
  "resnet20-pruned": { title: "ResNet-20, half of its multiply-adds cut", make: () => pruned("resnet20") },
  "mobilenet-v2": { title: "MobileNetV2", make: () => network("mobilenet-v2", "relu") },
};

export interface NetworkFile {
  readonly graph: Graph;
  readonly macs: number;
  readonly model: Uint8Array;
  readonly onnx: Uint8Array;
}

/** `/networks/<name>.safetensors` and `.onnx`. */
export async function filesOf(name: string): Promise<NetworkFile> {
  const entry = comparedNetworks[name];
  if (!entry) throw new Error(`no network "${name}"; there are ${Object.keys(comparedNetworks).join(", ")}`);
  const model = packed(await entry.make());
  return { graph: model.graph, macs: costOf(model.graph, ops).macs, model: writeModel(model), onnx: toOnnx(model) };
}
