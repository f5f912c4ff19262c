/** Loss and accuracy of a network in inference form, accumulated on the device. */
import type { Backend, Executable } from "../src/backends/backend.ts";
import { nextTask } from "../src/backends/queue.ts";
import { AbortedError, InputError } from "../src/errors.ts";
import type { Graph, Tensors } from "../src/graph/graph.ts";
import type { BatchSource } from "./data/dataset.ts";
import { BatchReader, checkLabels, classesOf } from "./feed.ts";
import { addTotals, evaluationGraph, LABELS, NO_SUMS, type Score, scoreOf, TOTALS } from "./losses.ts";

/** Batches between two readings: float32 sums stay exact enough. */
const READ_EVERY = 50;

/** A network compiled for judging; its weights may be replaced between two scores. */
export class Evaluator {
  readonly #executable: Executable;
  readonly #image: string;
  readonly #classes: number;

  static async create(network: Graph, tensors: Tensors, backend: Backend): Promise<Evaluator> {
    return new Evaluator(network, await backend.compile(evaluationGraph(network), { tensors }));
  }

  private constructor(network: Graph, executable: Executable) {
    this.#executable = executable;
    this.#image = network.inputs[0] as string;
    this.#classes = classesOf(network);
  }

  async write(tensors: Tensors): Promise<void> {
    for (const [name, data] of Object.entries(tensors)) await this.#executable.write(name, data);
  }

  /** Throws InputError E_INPUT for data without a batch or with wrong labels, AbortedError. */
  async score(source: BatchSource, signal?: AbortSignal): Promise<Score> {
    const reader = new BatchReader(source);
    let sums = NO_SUMS;
    let pending = 0;
    const read = async (): Promise<void> => {
      sums = addTotals(sums, await this.#executable.read(TOTALS));
      await this.#clear();
      pending = 0;
    };
    await this.#clear();
    try {
      for (let batch = await reader.next(); batch; batch = await reader.next()) {
        if (signal?.aborted) throw new AbortedError("the evaluation", { cause: signal.reason });
        checkLabels(batch, this.#classes);
        await this.#executable.run({ [this.#image]: batch.images, [LABELS]: batch.labels }, { outputs: [] });
        if (++pending === READ_EVERY) await read();
        await nextTask();
      }
      if (pending > 0) await read();
    } finally {
      await reader.close();
    }
    if (sums.count === 0)
      throw new InputError(
        "E_INPUT",
        "the data to evaluate gave no batch; a generator can be walked once only: give a function that makes one",
      );
    return scoreOf(sums);
  }

  async #clear(): Promise<void> {
    await this.#executable.write(TOTALS, new Float32Array(3));
  }

  dispose(): void {
    this.#executable.dispose();
  }
}

/**
 * Loss and accuracy of a model on some batches. `backend` must know the training ops. Throws GraphError E_GRAPH for a model whose output is not
 * logits, InputError E_INPUT for batches that do not fit.
 */
export async function evaluate(
  model: { readonly graph: Graph; readonly tensors: Tensors },
  source: BatchSource,
  backend: Backend,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Score> {
  const evaluator = await Evaluator.create(model.graph, model.tensors, backend);
  try {
    return await evaluator.score(source, options.signal);
  } finally {
    evaluator.dispose();
  }
}
