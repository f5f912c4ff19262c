/** Milliseconds of a network and of what cuts leave of it, measured in turns. */
import type { Model } from "../src/model/model.ts";
import { Session } from "../src/session.ts";
import { type Comparison, compareTimes } from "../training/measure/index.ts";
import { Random } from "../training/random.ts";
import { packModel } from "./pack.ts";

/** One network against which others are timed: packed, on Wasm, in one thread, one example at a time. */
export class Stopwatch {
  readonly #session: Session;
  readonly #input: Float32Array;
  readonly #signal: AbortSignal | undefined;

  /** Throws what `Session.load` throws. */
  static async start(model: Model, signal?: AbortSignal): Promise<Stopwatch> {
    return new Stopwatch(await load(model), signal);
  }

  private constructor(session: Session, signal?: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
    const [, ...sizes] = (session.inputs[0]?.shape ?? []) as number[];
    const random = new Random(0);
    this.#input = Float32Array.from({ length: sizes.reduce((size, side) => size * side, 1) }, () => random.normal());
  }

  /** The other's time is `after`. */
  async time(other: Model): Promise<Comparison> {
    const session = await load(other);
    const run = (which: Session) => () => which.run({ [which.inputs[0]?.name as string]: this.#input });
    try {
      return await compareTimes(run(this.#session), run(session), { signal: this.#signal });
    } finally {
      session.dispose();
    }
  }

  dispose(): void {
    this.#session.dispose();
  }
}

const load = (model: Model): Promise<Session> => Session.load(packModel(model), { backend: "wasm", threads: 1 });
