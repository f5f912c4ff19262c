/** The networks that come with Swivel, by name. */
import { InputError, ShapeError } from "../../src/errors.ts";
import type { BuiltNet } from "../net.ts";
import { type Architecture, type ModelOptions, resolveOptions } from "./architecture.ts";
import { mlp } from "./dense.ts";
import { lenet } from "./lenet.ts";
import { mobilenetV2 } from "./mobilenet_v2.ts";
import { resnet110pre, resnet164pre, wideResnet } from "./preactivation.ts";
import { resnet } from "./resnet.ts";
import { resnet18 } from "./resnet18.ts";
import { smallCnn } from "./small_cnn.ts";
import { vgg16bn } from "./vgg.ts";

/** The networks by name: the method's and its baselines', and a small one to try things on. */
export const architectures = {
  "small-cnn": smallCnn,
  lenet,
  "mlp-784-500-10": mlp([500], "one dense layer of 500 units: the paper's MNIST network"),
  "mlp-784-500-300-10": mlp([500, 300], "dense layers of 500 and 300 units: Network Slimming's MNIST network"),
  resnet20: resnet(3),
  resnet32: resnet(5),
  resnet56: resnet(9),
  resnet110: resnet(18),
  "resnet110-pre": resnet110pre,
  "resnet164-pre": resnet164pre,
  "wrn-16-4": wideResnet(16, 4),
  "wrn-40-4": wideResnet(40, 4),
  "vgg16-bn": vgg16bn,
  resnet18,
  "mobilenet-v2": mobilenetV2,
} as const satisfies Readonly<Record<string, Architecture>>;

/** The names that `createModel` knows. */
export type ArchitectureName = keyof typeof architectures;

/**
 * Builds a network by name. Throws InputError E_OPTION for an unknown architecture (listing them) or impossible options, ShapeError where the
 * images are too small for it.
 */
export function createModel(name: string, options: ModelOptions): BuiltNet {
  const architecture = Object.hasOwn(architectures, name) ? architectures[name as ArchitectureName] : undefined;
  if (!architecture) throw new InputError("E_OPTION", `no architecture "${name}"; there are ${Object.keys(architectures).join(", ")}`);
  const resolved = resolveOptions(name, architecture, options);
  try {
    return architecture.build(resolved).build();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const { channels, height, width } = options.input;
    const why = error.message.slice(error.code.length + 1);
    throw new ShapeError(error.code, `${name} does not take images of ${channels}×${height}×${width}, which are too small for it: ${why}`, {
      cause: error,
    });
  }
}

export type { Architecture, ModelOptions };
