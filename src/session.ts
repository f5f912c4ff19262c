/** The public door: a model, loaded once and run many times. */
import type { Explanation, NodeTime, TensorData } from "./backends/backend.ts";
import type { Engine, EngineInput, EngineInputs, ValueInfo } from "./engine.ts";
import { AbortedError, BackendError, InputError } from "./errors.ts";
import { type Home, openEngine } from "./home.ts";
import { zerosFor } from "./measure.ts";
import type { Pixels } from "./model/pixels.ts";
import type { Preprocess } from "./model/preprocess.ts";
import { checkKeys, checkSignal, readOptions, type SessionOptions } from "./options.ts";
import { type PixelSource, toPixels } from "./pixels.ts";
import { type ModelSource, readSource } from "./source.ts";

/**
 * One input: numbers (their count says the batch), or one picture, or several as a batch. Pictures are cropped to the model's aspect, resized and
 * normalised as the model file says. Numbers are read when the run's turn comes: leave them as they are until it has resolved.
 */
export type Input = TensorData | PixelSource | readonly PixelSource[];

/** For one run. */
export interface SessionRunOptions {
  /** Takes the run out of the queue, or stops it between two steps; it then rejects with AbortedError. */
  readonly signal?: AbortSignal;
  /** Only these of the outputs. */
  readonly outputs?: readonly string[];
}

/** Engines without `Symbol.dispose` (Safari) get the one that compilers of `using` look for. */
const dispose: typeof Symbol.dispose = (Symbol.dispose ?? Symbol.for("Symbol.dispose")) as typeof Symbol.dispose;

/** A model that is loaded and ready: `Session.load` makes one, `run` runs it, `dispose` (or `using`) frees it. */
export class Session implements Disposable {
  readonly #engine: Engine;
  readonly #home: Home;
  #disposed = false;

  private constructor(engine: Engine, home: Home) {
    this.#engine = engine;
    this.#home = home;
  }

  /**
   * Loads a model file from an address, a path (Node) or its bytes.
   * Throws InputError E_OPTION, AbortedError, BackendError where no backend starts, and ModelError, GraphError or ShapeError for a file that cannot
   * be had or is damaged.
   */
  static async load(source: ModelSource, options: SessionOptions = {}): Promise<Session> {
    const settings = readOptions(options);
    let size = 0;
    const reading = readSource(source, options).then((bytes) => {
      size = bytes.length;
      return bytes;
    });
    const { signal, onProgress, onFallback } = options;
    const onPipelines =
      onProgress &&
      ((done: number, total: number) => onProgress({ phase: "compile", loaded: size, total: size, pipelines: { done, total } }));
    const tell = onFallback && ((explanation: Explanation) => onFallback({ ...explanation, ...home }));
    const { engine, home } = await openEngine(reading, options, settings, { signal, onPipelines, onFallback: tell });
    if (signal?.aborted) {
      engine.dispose();
      throw new AbortedError("loading", { cause: signal.reason });
    }
    return new Session(engine, home);
  }

  /** Names, types and shapes of what `run` takes; `"N"` is the batch. */
  get inputs(): readonly ValueInfo[] {
    return this.#engine.facts.inputs;
  }

  get outputs(): readonly ValueInfo[] {
    return this.#engine.facts.outputs;
  }

  /** Names of the classes, in the order of the first output. */
  get classNames(): readonly string[] | undefined {
    return this.#engine.facts.classNames;
  }

  /** How the model reads pictures; undefined where it takes numbers only. */
  get preprocess(): Preprocess | undefined {
    return this.#engine.facts.preprocess;
  }

  /** Whatever the model's maker wrote down. */
  get info(): Readonly<Record<string, string>> {
    return this.#engine.facts.info ?? {};
  }

  /**
   * Runs the model. Runs may overlap: they queue. The outputs belong to the caller.
   * Throws InputError E_INPUT for missing, unknown or mis-sized inputs and unknown outputs, AbortedError, BackendError E_DISPOSED, E_MEMORY.
   */
  async run(inputs: Readonly<Record<string, Input>>, options: SessionRunOptions = {}): Promise<Record<string, Float32Array>> {
    this.#assertAlive();
    checkKeys(options, ["signal", "outputs"], "run");
    checkSignal(options.signal);
    const { signal, outputs } = options;
    if (outputs !== undefined) this.#checkOutputs(outputs);
    return (await this.#engine.run(this.#read(inputs), { signal, outputs })) as Record<string, Float32Array>;
  }

  /** Which backend runs and why, where, adapter and precision, SIMD level, threads, steps, bytes and multiply-adds. */
  explain(): Explanation {
    this.#assertAlive();
    return { ...this.#engine.explain(), ...this.#home };
  }

  /** Runs once and times each node, in milliseconds. */
  async profile(inputs: Readonly<Record<string, Input>>): Promise<NodeTime[]> {
    this.#assertAlive();
    return this.#engine.profile(this.#read(inputs));
  }

  /**
   * Runs on zeros, so that the first real run of that batch finds everything compiled and in its place, threads too. Loading does most of it for a batch of 1.
   * Throws what `run` throws, and InputError E_OPTION for a batch that is none.
   */
  async warmup(batch = 1): Promise<void> {
    if (!Number.isInteger(batch) || batch < 1) throw new InputError("E_OPTION", `batch is ${batch}; give an integer of 1 or more`);
    // the first run starts threads, the second waits for them
    for (let i = 0; i < 2; i++) await this.run(zerosFor(this.inputs, batch));
  }

  /** Frees memory and threads. Runs that are still queued reject with E_DISPOSED. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#engine.dispose();
  }

  [dispose](): void {
    this.dispose();
  }

  #assertAlive(): void {
    if (this.#disposed) throw new BackendError("E_DISPOSED", "the session was disposed; load it again");
  }

  #checkOutputs(outputs: readonly string[]): void {
    if (!Array.isArray(outputs)) throw new InputError("E_OPTION", `outputs is ${String(outputs)}; expected a list of names`);
    const unknown = (outputs as readonly string[]).find((name) => !this.outputs.some((output) => output.name === name));
    if (unknown !== undefined) {
      throw new InputError("E_INPUT", `the model has no output "${unknown}"; it has ${this.outputs.map(({ name }) => name).join(", ")}`);
    }
  }

  #read(inputs: Readonly<Record<string, Input>>): EngineInputs {
    if (typeof inputs !== "object" || inputs === null || ArrayBuffer.isView(inputs)) {
      throw new InputError("E_INPUT", `inputs are given by name: { ${this.inputs.map(({ name }) => `${name}: …`).join(", ")} }`);
    }
    if (Object.values(inputs).every((input) => ArrayBuffer.isView(input))) return { ...inputs } as EngineInputs;
    return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, this.#readOne(name, input)]));
  }

  #readOne(name: string, input: Input): EngineInput {
    if (ArrayBuffer.isView(input)) return input as TensorData;
    const first = this.inputs[0]?.name;
    const pictures: Pixels[] = [];
    for (const item of Array.isArray(input) ? input : [input]) {
      const pixels = toPixels(item);
      if (!pixels) {
        throw new InputError(
          "E_INPUT",
          `input "${name}" is ${Array.isArray(input) ? "a list of other things than pictures" : typeof item}; expected numbers (Float32Array) or pictures`,
        );
      }
      pictures.push(pixels);
    }
    if (pictures.length === 0) throw new InputError("E_INPUT", `input "${name}" is an empty list; give one picture at least`);
    if (name !== first) throw new InputError("E_INPUT", `input "${name}" takes no pictures; "${first}" does`);
    return pictures;
  }
}
