/** Networks by name, as `init` and `train` build them. */
import { Option } from "commander";
import { ModelError } from "../src/errors.ts";
import { costOf } from "../src/graph/cost.ts";
import { ops } from "../src/ops/index.ts";
import { architectures, createModel, type ModelOptions } from "../training/models/index.ts";
import type { BuiltNet } from "../training/net.ts";
import { count } from "./output.ts";

/** Bytes of weights that model files are read with. */
const MAX_BYTES = 2 ** 31 - 1;

export const architectureNames = Object.keys(architectures).join(", ");

export const activationOption = (): Option =>
  new Option("--activation <kind>", "rrelu has a learned slope per filter").choices(["relu", "rrelu"]).default("rrelu");

/** Nothing is allocated yet: weights are made by `init`. Throws what `createModel` throws, and ModelError E_TOO_LARGE. */
export function buildNet(name: string, options: ModelOptions): BuiltNet {
  const net = createModel(name, options);
  const { params, bytes } = costOf(net.graph, ops);
  if (bytes <= MAX_BYTES) return net;
  throw new ModelError(
    "E_TOO_LARGE",
    `${name} would have ${count(params)} parameters, more than the 2 GiB that a model file may hold; take smaller images, or fewer classes`,
  );
}
