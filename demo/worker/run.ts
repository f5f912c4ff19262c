/** One training, that can be paused, resumed and stopped, and tells what the page draws. */
import type { Explanation, Model } from "swivel-nn";
import {
  type Backend,
  type Dataset,
  defaultSettings,
  fastestTrainingBackend,
  Net,
  Random,
  type Slopes,
  Trainer,
  type TrainerEvent,
  trainerSettings,
  wasmTrainingBackend,
  webgpuTrainingBackend,
} from "swivel-nn/training";
import type { Layer, LearningPoint } from "../shared/messages.ts";
import { defaults, type Settings } from "../shared/settings.ts";
import { BATCH, trainingData } from "./data.ts";
import { layersOf, openSession, pack } from "./network.ts";

export type Stage = "training" | "tuning";

/** Milliseconds between two looks at the slopes, and between two checkpoints. */
const LOOK_EVERY = 120;
const SAVE_EVERY = 3;

export interface RunHooks {
  onPoint(point: LearningPoint): void;
  onLayers(layers: readonly Layer[]): void;
  onProgress(done: { share: number; epoch: number; epochs: number; secondsLeft: number }): void;
  /** Takes a checkpoint; it is not waited for. */
  onCheckpoint(file: Uint8Array): void;
  onRecovered(why: string): void;
}

export interface RunParts {
  readonly stage: Stage;
  readonly settings: Settings;
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly hooks: RunHooks;
}

export class Run {
  readonly stage: Stage;
  readonly #parts: RunParts;
  readonly #trainer: Trainer;
  #abort = new AbortController();
  #stopped = false;
  #looked = 0;

  /** A training from its first step (`from` is a model) or from a checkpoint. */
  static async open(from: Model | Uint8Array, parts: RunParts): Promise<Run> {
    const { settings, dataset, backend, stage, hooks } = parts;
    const common = {
      backend,
      data: trainingData(dataset, settings),
      checkpoint: { save: (file: Uint8Array) => hooks.onCheckpoint(file), everySeconds: SAVE_EVERY },
    };
    if (from instanceof Uint8Array) return new Run(await Trainer.resume(from, common), parts);
    // fine-tuning keeps what the cut has left, so that nothing pulls its slopes to zero any more
    const l1 = stage === "training" && settings.activation === "rrelu" ? settings.l1 : 0;
    const trainer = await Trainer.create({
      ...common,
      ...trainerSettings({ ...defaultSettings, l1 }),
      model: from,
      epochs: stage === "training" ? settings.epochs : settings.tune,
      batchSize: Math.min(BATCH, dataset.train.count),
      seed: `${stage} ${settings.seed}`,
    });
    return new Run(trainer, parts);
  }

  private constructor(trainer: Trainer, parts: RunParts) {
    this.stage = parts.stage;
    this.#trainer = trainer;
    this.#parts = parts;
  }

  /** Trains until the end, a pause or a stop. What a training throws passes through, but for its abort. */
  async go(): Promise<"finished" | "paused"> {
    this.#abort = new AbortController();
    if (this.#stopped) return "finished";
    try {
      for await (const event of this.#trainer.events({ signal: this.#abort.signal })) await this.#tell(event);
      return "finished";
    } catch (error) {
      if ((error as { code?: string }).code !== "E_ABORTED") throw error;
      return this.#stopped ? "finished" : "paused";
    }
  }

  pause(): void {
    this.#abort.abort();
  }

  /** Ends the training where it stands. */
  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
  }

  model(): Promise<Model> {
    return this.#trainer.model();
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#trainer.checkpoint();
  }

  explain(): Explanation {
    return this.#trainer.explain();
  }

  dispose(): void {
    this.#trainer.dispose();
  }

  async #tell(event: TrainerEvent): Promise<void> {
    const { hooks } = this.#parts;
    const { stepsPerEpoch = 1 } = this.#trainer.recipe;
    const stage = this.stage;
    if (event.kind === "start") await this.#look(event.slopes);
    if (event.kind === "step") {
      const { loss, accuracy, step, steps, epoch, seconds } = event;
      hooks.onPoint({ stage, at: step / stepsPerEpoch, loss, accuracy });
      const perStep = seconds / this.#trainer.recipe.readEvery;
      hooks.onProgress({ share: step / steps, epoch, epochs: Math.ceil(steps / stepsPerEpoch), secondsLeft: (steps - step) * perStep });
      if (performance.now() - this.#looked > LOOK_EVERY) await this.#look(await this.#trainer.slopes());
    }
    if (event.kind === "epoch") {
      const { train, validation, step } = event;
      hooks.onPoint({
        stage,
        at: step / stepsPerEpoch,
        loss: train.loss,
        accuracy: train.accuracy,
        ...(validation && { validation: { loss: validation.loss, accuracy: validation.accuracy } }),
      });
      await this.#look(event.slopes);
    }
    if (event.kind === "recovered")
      hooks.onRecovered(`the graphics processor was lost; training went on from step ${event.step}: ${event.why}`);
  }

  async #look(slopes: Slopes): Promise<void> {
    this.#looked = performance.now();
    const { graph } = await this.#shape();
    this.#parts.hooks.onLayers(layersOf(graph, slopes));
  }

  #model: Promise<Model> | undefined;

  /** The graph never changes in a run. */
  #shape(): Promise<Model> {
    this.#model ??= this.#trainer.model();
    return this.#model;
  }
}

/** The backend for a network: WebAssembly, or WebGPU where there is an adapter and it is faster. */
export async function openBackend(settings: Settings, model: Model): Promise<{ backend: Backend; why?: string }> {
  const choice = settings.backend;
  if (choice === "webgpu") return { backend: await webgpuTrainingBackend() };
  const wasm = await wasmTrainingBackend();
  if (choice === "wasm" || !("gpu" in navigator)) return { backend: wasm };
  let gpu: Backend;
  try {
    gpu = await webgpuTrainingBackend();
  } catch {
    return { backend: wasm };
  }
  const { backend, why } = await fastestTrainingBackend([wasm, gpu], { ...model, batchSize: BATCH });
  for (const other of [wasm, gpu]) if (other !== backend) other.dispose();
  return { backend, why };
}

/** Loads the backends that this device has, and runs the smallest of networks, so that all code is there that a training will ask for. */
export async function warmUp(): Promise<void> {
  const net = new Net({ channels: 1, height: 4, width: 4 }).flatten().linear(2).build();
  const model: Model = { graph: net.graph, tensors: net.init(new Random(0)) };
  const { backend } = await openBackend(defaults, model);
  backend.dispose();
  (await openSession(pack(model), "wasm")).dispose();
}
