/** What an architecture is: a description for people, and a function that builds it. */
import { InputError } from "../../src/errors.ts";
import type { ActivationOptions, Net, NetInput } from "../net.ts";

/** What a network of a given architecture is for. */
export interface ModelOptions {
  /** "rrelu": ReLUs with a learned slope per channel, where the paper puts them. */
  readonly activation: "relu" | "rrelu";
  readonly input: NetInput;
  readonly classes: number;
  /** Filters and units of the layers, in order, where they shall differ from the architecture's own; `architectures` says how many there are. */
  readonly widths?: readonly number[];
}

/** A family of networks that `createModel` builds by name. */
export interface Architecture {
  readonly description: string;
  /** Filters and units of the layers that `widths` may change. */
  readonly widths: readonly number[];
  /** The images that it was made for. */
  readonly input: NetInput;
  build(options: ResolvedOptions): Net;
}

/** As `ModelOptions`, with the widths filled in and the activation as options for the builder. */
export interface ResolvedOptions extends ModelOptions {
  readonly widths: readonly number[];
  readonly rotation: Pick<ActivationOptions, "rotated">;
}

/** The options with widths filled in. Throws InputError E_OPTION for impossible ones, naming the architecture. */
export function resolveOptions(name: string, architecture: Architecture, options: ModelOptions): ResolvedOptions {
  const fail = (what: string): InputError => new InputError("E_OPTION", `${name}: ${what}`);
  const { activation, classes, widths = architecture.widths } = options;
  if (activation !== "relu" && activation !== "rrelu") throw fail(`activation "${activation}" is not known; choose relu or rrelu`);
  if (!Number.isInteger(classes) || classes < 2) throw fail(`${classes} classes; give an integer of 2 or more`);
  const { channels, height, width } = options.input;
  for (const [side, size] of Object.entries({ channels, height, width })) {
    if (!Number.isInteger(size) || size < 1) throw fail(`input ${side} is ${size}; give an integer of 1 or more`);
  }
  if (widths.length !== architecture.widths.length || widths.some((width) => !Number.isInteger(width) || width < 1)) {
    throw fail(
      `widths [${widths.join(", ")}]; give ${architecture.widths.length} integers of 1 or more, such as [${architecture.widths.join(", ")}]`,
    );
  }
  return { ...options, widths, rotation: { rotated: activation === "rrelu" } };
}
