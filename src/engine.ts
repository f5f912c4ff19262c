/** A model ready to run, in whichever thread this is: read, optimized, compiled. `Session` talks to one here or in a worker. */
import { abortable } from "./backends/abort.ts";
import type { Executable, Explanation, NodeTime, TensorData, Tensors } from "./backends/backend.ts";
import type { OpenedModule } from "./backends/wasm/backend.ts";
import { AbortedError, BackendError, InputError } from "./errors.ts";
import type { Value } from "./graph/graph.ts";
import { isOptimized } from "./graph/optimized.ts";
import { type Model, readModel } from "./model/model.ts";
import type { Pixels } from "./model/pixels.ts";
import { pixelsToInput } from "./model/preprocess.ts";
import type { EngineSettings } from "./options.ts";
import { type ChoiceOptions, free, type Place, Placement } from "./placement.ts";

/** A tensor, or a batch of pictures. */
export type EngineInput = TensorData | readonly Pixels[];
export type EngineInputs = Readonly<Record<string, EngineInput>>;

/** What a caller gives or gets under a name. */
export type ValueInfo = Pick<Value, "name" | "dtype" | "shape">;

/** What a session knows of its model. */
export interface ModelFacts extends Pick<Model, "preprocess" | "classNames" | "info"> {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface EngineRunOptions {
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Engine {
  readonly facts: ModelFacts;
  run(inputs: EngineInputs, options: EngineRunOptions): Promise<Record<string, TensorData>>;
  profile(inputs: EngineInputs): Promise<NodeTime[]>;
  explain(): Explanation;
  dispose(): void;
}

/** What an engine is given beside plain data. */
export interface EngineHooks extends ChoiceOptions {
  /** Told when the model runs elsewhere than before. */
  readonly onFallback?: (explanation: Explanation) => void;
}

/** `open` gives the Wasm module with these settings. Throws what reading the model and compiling it throws, and what `onPipelines` throws. */
export async function createEngine(
  bytes: Uint8Array,
  settings: EngineSettings,
  open: () => Promise<OpenedModule>,
  hooks: EngineHooks = {},
): Promise<Engine> {
  let module: Promise<OpenedModule> | undefined;
  const opened = (): Promise<OpenedModule> => {
    module ??= open();
    return module;
  };
  // fetched and compiled while the model is read; whoever waits for it hears of errors
  if (settings.backend !== "webgpu") opened().catch(() => {});
  const model = readModel(bytes);
  // packed models leave nothing to do for the passes, and do not load them
  const { graph, tensors } = isOptimized(model.graph) ? model : (await import("./passes/optimize.ts")).optimize(model.graph, model.tensors);
  const network = { graph, tensors };
  const tooLarge = settings.precision === "f16" ? beyondHalf(network.tensors) : undefined;
  const placement = new Placement(network, tooLarge === undefined ? settings : { ...settings, precision: "f32" }, opened);
  let thrown: { readonly error: unknown } | undefined;
  const onPipelines = (done: number, total: number): void => {
    try {
      hooks.onPipelines?.(done, total);
    } catch (error) {
      // not the GPU's fault, which another backend could mend
      thrown ??= { error };
    }
  };
  const choosing = placement.choose({ ...hooks, onPipelines });
  const place = await abortable(choosing, "loading", hooks.signal, free);
  const half = settings.precision === "f16" ? (tooLarge ?? "WebAssembly computes in f32") : undefined;
  const engine = new LocalEngine(place, placement, factsOf(model), half, hooks.onFallback);
  if (!thrown) return engine;
  engine.dispose();
  throw thrown.error;
}

/** The largest number that a half holds. */
const MAX_HALF = 65_504;

/** Which weights cannot be stored in halves, if there are such. */
function beyondHalf(tensors: Tensors): string | undefined {
  const tooLarge = (data: TensorData): boolean => data instanceof Float32Array && data.some((x) => Math.abs(x) > MAX_HALF);
  const name = Object.keys(tensors).find((key) => tooLarge(tensors[key] as TensorData));
  return name === undefined ? undefined : `"${name}" holds numbers that are too large for f16`;
}

function factsOf({ graph, preprocess, classNames, info }: Model): ModelFacts {
  const infos = (names: readonly string[]) =>
    names.map((name) => {
      const { dtype, shape } = graph.values[name] as Value;
      return { name, dtype, shape };
    });
  return { inputs: infos(graph.inputs), outputs: infos(graph.outputs), preprocess, classNames, info };
}

class LocalEngine implements Engine {
  readonly facts: ModelFacts;
  readonly #notHalf: string | undefined;
  readonly #onFallback: ((explanation: Explanation) => void) | undefined;
  /** Kept as long as the place may be lost. */
  #placement: Placement | undefined;
  #place: Place;
  #moving: Promise<void> | undefined;
  #disposed = false;

  /** `notHalf`: why f16 was asked for, but is not what a place that says no more runs in. */
  constructor(
    place: Place,
    placement: Placement,
    facts: ModelFacts,
    notHalf: string | undefined,
    onFallback: ((explanation: Explanation) => void) | undefined,
  ) {
    this.facts = facts;
    this.#notHalf = notHalf;
    this.#onFallback = onFallback;
    this.#place = place;
    this.#placement = place.backend.name === "webgpu" ? placement : undefined;
  }

  run(inputs: EngineInputs, options: EngineRunOptions): Promise<Record<string, TensorData>> {
    const tensors = this.#tensors(inputs);
    return this.#perform((executable) => executable.run(tensors, options), options.signal);
  }

  async profile(inputs: EngineInputs): Promise<NodeTime[]> {
    const tensors = this.#tensors(inputs);
    return this.#perform((executable) => executable.profile(tensors));
  }

  explain(): Explanation {
    const { executable, why } = this.#place;
    const explanation = executable.explain();
    const precisionWhy = explanation.precision === "f16" ? undefined : (explanation.precisionWhy ?? this.#notHalf);
    return { ...explanation, why, ...(precisionWhy !== undefined && { precisionWhy }) };
  }

  dispose(): void {
    this.#disposed = true;
    free(this.#place);
  }

  /** Does the job where the model runs; where that place is lost in the middle, does it again at another. */
  async #perform<T>(job: (executable: Executable) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      if (this.#moving) await abortable(this.#moving, "the run", signal);
      const place = this.#place;
      try {
        return await job(place.executable);
      } catch (error) {
        if (this.#disposed || error instanceof AbortedError || error instanceof InputError) throw error;
        if (place === this.#place && !this.#moving) this.#move(place, error);
      }
    }
  }

  /** Throws `error` where there is nowhere to go. */
  #move(from: Place, error: unknown): void {
    const placement = this.#placement;
    if (!placement?.canLeave(from, error)) throw error;
    const move = async (): Promise<void> => {
      const next = await placement.move(from, error);
      if (this.#disposed) {
        free(next);
        throw new BackendError("E_DISPOSED", "the session was disposed; load it again");
      }
      free(from);
      this.#place = next;
      if (next.backend.name !== "webgpu") this.#placement = undefined;
      this.#onFallback?.(this.explain());
    };
    this.#moving = move().finally(() => {
      this.#moving = undefined;
    });
    // whoever waits for it hears of it
    this.#moving.catch(() => {});
  }

  #tensors(inputs: EngineInputs): Tensors {
    if (Object.values(inputs).every((input) => ArrayBuffer.isView(input))) return inputs as Tensors;
    const { preprocess } = this.facts;
    return Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => {
        if (ArrayBuffer.isView(input)) return [name, input];
        if (!preprocess)
          throw new InputError("E_INPUT", `input "${name}" is a picture, but the model does not say how it reads pictures; give numbers`);
        return [name, pixelsToInput(input, preprocess)];
      }),
    );
  }
}
