/** Milliseconds of two networks, measured in turns. */
import type { Model } from "../src/model/model.ts";
import { Session } from "../src/session.ts";
import { type Interval, interleave, median, ratioInterval } from "../training/measure/index.ts";
import { Random } from "../training/random.ts";
import { packModel } from "./pack.ts";

export interface Effort {
  /** Samples of each of the two. */
  readonly rounds: number;
  /** Each sample repeats for at least so long. */
  readonly sampleMs: number;
}

export const THOROUGH: Effort = { rounds: 15, sampleMs: 20 };
/** A stopwatch measures again until the ratio's interval is narrower than this fraction of it, or so often. */
const PRECISION = 0.08;
const MOST_ROUNDS = 90;

export interface Timing {
  /** Median milliseconds of one inference. */
  readonly before: number;
  readonly after: number;
  /** after / before, a 95 % interval. */
  readonly ratio: Interval;
}

/** One sample of each session in every round: milliseconds per run of this one input. */
export async function timePair(
  sessions: readonly [Session, Session],
  input: Float32Array,
  { rounds, sampleMs }: Effort,
  signal?: AbortSignal,
): Promise<[number[], number[]]> {
  const runs = sessions.map((session) => () => session.run({ [session.inputs[0]?.name as string]: input }));
  return (await interleave(runs, { rounds, sampleMs, signal })) as [number[], number[]];
}

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

  async time(other: Model): Promise<Timing> {
    const session = await load(other);
    const [before, after]: [number[], number[]] = [[], []];
    try {
      for (;;) {
        const samples = await timePair([this.#session, session], this.#input, THOROUGH, this.#signal);
        before.push(...samples[0]);
        after.push(...samples[1]);
        const ratio = ratioInterval(after, before);
        if (ratio.high - ratio.low < PRECISION * ratio.value || before.length >= MOST_ROUNDS)
          return { before: median(before), after: median(after), ratio };
      }
    } finally {
      session.dispose();
    }
  }

  dispose(): void {
    this.#session.dispose();
  }
}

const load = (model: Model): Promise<Session> => Session.load(packModel(model), { backend: "wasm", threads: 1 });
