/** A model ready to run, in whichever thread this is: read, optimized, compiled. `Session` talks to one here or in a worker. */
import type { Backend, Executable, Explanation, NodeTime, TensorData, Tensors } from "./backends/backend.ts";
import { createWasmBackend, type WasmBuild } from "./backends/wasm/backend.ts";
import { InputError } from "./errors.ts";
import type { Value } from "./graph/graph.ts";
import { type Model, readModel } from "./model/model.ts";
import type { Pixels } from "./model/pixels.ts";
import { pixelsToInput } from "./model/preprocess.ts";
import type { EngineSettings } from "./options.ts";
import { optimize } from "./passes/index.ts";

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

/** Throws what reading the model and compiling it throws. */
export async function createEngine(bytes: Uint8Array, settings: EngineSettings, build: WasmBuild): Promise<Engine> {
  const model = readModel(bytes);
  const { graph, tensors } = optimize(model.graph, model.tensors);
  const backend = await createWasmBackend(build, settings);
  try {
    return new LocalEngine(backend, await backend.compile(graph, { tensors }), factsOf(model));
  } catch (error) {
    backend.dispose();
    throw error;
  }
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
  readonly #backend: Backend;
  readonly #executable: Executable;

  constructor(backend: Backend, executable: Executable, facts: ModelFacts) {
    this.#backend = backend;
    this.#executable = executable;
    this.facts = facts;
  }

  async run(inputs: EngineInputs, options: EngineRunOptions): Promise<Record<string, TensorData>> {
    return this.#executable.run(this.#tensors(inputs), options);
  }

  async profile(inputs: EngineInputs): Promise<NodeTime[]> {
    return this.#executable.profile(this.#tensors(inputs));
  }

  explain(): Explanation {
    return this.#executable.explain();
  }

  dispose(): void {
    this.#executable.dispose();
    this.#backend.dispose();
  }

  #tensors(inputs: EngineInputs): Tensors {
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
