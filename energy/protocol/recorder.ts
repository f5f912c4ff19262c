/** Reads a source at its pace while something else runs. */
import { EnergyError, SwivelError } from "../../src/errors.ts";
import type { Samples } from "../record.ts";
import type { EnergySource, SourceReader } from "../source.ts";

/** The clock that stamps readings, in milliseconds. */
export interface RecorderClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Reads a source at a steady pace while something else runs, and keeps raw values with their times. */
export class Recorder {
  readonly #source: EnergySource;
  readonly #clock: RecorderClock;
  readonly #reader: SourceReader;
  readonly #t: number[] = [];
  readonly #values: (number | null)[][];
  readonly #faults: { t: number; why: string }[] = [];
  #stopped = false;
  #samples: Promise<Samples> | undefined;
  #error: unknown;
  #loop: Promise<void> = Promise.resolve();

  /** Reads once, so that a source that fails fails here. Throws what the source throws. */
  static async start(source: EnergySource, clock: RecorderClock): Promise<Recorder> {
    const recorder = new Recorder(source, clock, await source.open());
    await recorder.#read();
    recorder.#loop = recorder.#run();
    return recorder;
  }

  private constructor(source: EnergySource, clock: RecorderClock, reader: SourceReader) {
    this.#source = source;
    this.#clock = clock;
    this.#reader = reader;
    this.#values = source.info.channels.map(() => []);
  }

  /** A reading at this very moment, of sources that give one when asked. Does nothing once there is trouble. */
  async edge(): Promise<void> {
    if (this.trouble !== undefined || this.#source.info.intervalMs === 0) return;
    try {
      await this.#read();
    } catch (error) {
      this.#error = error;
    }
  }

  /** Why what is read from now on does not count: a charger was plugged in, the source has stopped. */
  get trouble(): string | undefined {
    return this.#error === undefined ? this.#faults[0]?.why : this.#failure().message;
  }

  /** Ends reading; what was read is kept whatever happened. */
  stop(): Promise<Samples> {
    this.#samples ??= this.#end();
    return this.#samples;
  }

  async #end(): Promise<Samples> {
    this.#stopped = true;
    await this.#reader.close();
    await this.#loop;
    if (this.#error !== undefined) this.#faults.push({ t: this.#t.at(-1) ?? 0, why: this.#failure().message });
    const values = Object.fromEntries(this.#source.info.channels.map(({ id }, i) => [id, this.#values[i] as (number | null)[]]));
    return { t: this.#t, values, faults: this.#faults };
  }

  async #run(): Promise<void> {
    const { intervalMs } = this.#source.info;
    try {
      for (let due = this.#clock.now(); !this.#stopped; ) {
        if (intervalMs > 0) {
          due = Math.max(due + intervalMs, this.#clock.now());
          await this.#clock.sleep(due - this.#clock.now());
        }
        if (!this.#stopped) await this.#read();
      }
    } catch (error) {
      if (!this.#stopped) this.#error = error;
    }
  }

  async #read(): Promise<void> {
    const before = this.#clock.now();
    const { values, fault } = await this.#reader.read();
    const after = this.#clock.now();
    // when it was read lies between; a source that sets the pace has just spoken
    const t = this.#source.info.intervalMs > 0 ? (before + after) / 2 : after;
    if (t <= (this.#t.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
    this.#t.push(t);
    values.forEach((value, i) => {
      this.#values[i]?.push(value);
    });
    if (fault !== undefined && this.#faults.at(-1)?.why !== fault) this.#faults.push({ t, why: fault });
  }

  #failure(): SwivelError {
    const error = this.#error;
    if (error instanceof SwivelError) return error;
    return new EnergyError("E_SOURCE", `${this.#source.info.id} could not be read any more: ${(error as Error).message}`, { cause: error });
  }
}
