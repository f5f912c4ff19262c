/** Options of the benchmarks on CPUs: lists of names or of numbers. */
import { InputError } from "swivel-nn";

/** Names that an option may list, and which it does unless given. */
export interface Names<T extends string> {
  readonly of: readonly T[];
  readonly usual?: readonly T[];
}

export class Args {
  readonly #given = new Map<string, string>();

  /** Throws InputError E_OPTION for anything but `--name value` of these names. */
  constructor(args: readonly string[], known: readonly string[]) {
    const options = known.map((name) => `--${name}`);
    for (let i = 0; i < args.length; i += 2) {
      const option = args[i] as string;
      if (!options.includes(option)) throw new InputError("E_OPTION", `no option ${option}; there are ${options.join(", ")}`);
      if (args[i + 1] === undefined) throw new InputError("E_OPTION", `${option} needs a value`);
      this.#given.set(option.slice(2), args[i + 1] as string);
    }
  }

  /** Throws InputError E_OPTION where it was not given. */
  text(name: string): string {
    const given = this.#given.get(name);
    if (given === undefined) throw new InputError("E_OPTION", `--${name} is missing; give --${name} and its value`);
    return given;
  }

  /** A list with commas between; "none" is the empty one. Throws InputError E_OPTION for other names. */
  names<const T extends string>(name: string, { of, usual = of }: Names<T>): T[] {
    const given = this.#given.get(name);
    if (given === undefined) return [...usual];
    const list = given === "none" ? [] : given.split(",");
    const unknown = list.find((item) => !(of as readonly string[]).includes(item));
    if (unknown !== undefined) throw new InputError("E_OPTION", `--${name} has no "${unknown}"; it takes ${of.join(", ")}`);
    return list as T[];
  }

  /** Integers of `least` or more, with commas between. Throws InputError E_OPTION for others. */
  integers(name: string, usual: readonly number[], least = 1): number[] {
    const given = this.#given.get(name);
    if (given === undefined) return [...usual];
    const list = given.split(",").map(Number);
    if (list.length === 0 || !list.every((value) => Number.isInteger(value) && value >= least))
      throw new InputError("E_OPTION", `--${name} is ${given}; give integers of ${least} or more`);
    return list;
  }
}
