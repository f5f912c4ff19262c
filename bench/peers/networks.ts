/** The networks that engines are compared on, with random weights. */
import { type Network, network, pruned } from "../networks.ts";

/** One that bench/site.ts wrote for pages. */
export interface ServedNetwork {
  readonly name: string;
  readonly title: string;
  /** Of the input, without the batch. */
  readonly shape: readonly number[];
  /** Per example. */
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
