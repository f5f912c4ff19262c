/** Loss and hits of the steps since the last reading, summed on the device; notices when the loss is no number any more. */
import type { Executable } from "../src/backends/backend.ts";
import { TrainingError } from "../src/errors.ts";
import type { TensorData } from "../src/graph/graph.ts";
import { addTotals, NO_SUMS, type Sums, TOTALS } from "./losses.ts";
import type { Recipe } from "./recipe.ts";

/** Where a run stands when its meter is read. */
interface At {
  readonly step: number;
  readonly epoch: number;
}

export class Meter {
  readonly #executable: Executable;
  readonly #recipe: Recipe;
  #lastRead: number;
  #lastLoss: number | undefined;

  /** `step`: where the run begins or goes on. */
  constructor(executable: Executable, recipe: Recipe, step: number) {
    this.#executable = executable;
    this.#recipe = recipe;
    this.#lastRead = step;
  }

  /** Reads the sums and sets them to zero. Both are ordered at once: steps that follow need not wait for the answer. Throws TrainingError E_DIVERGED. */
  async take(at: At): Promise<Sums> {
    const [totals] = await Promise.all([this.peek(at), this.#executable.write(TOTALS, new Float32Array(3))]);
    const sums = addTotals(NO_SUMS, totals);
    if (sums.count > 0) {
      this.#lastLoss = sums.loss / sums.count;
      this.#lastRead = at.step;
    }
    return sums;
  }

  /** What the device holds, left there. Throws TrainingError E_DIVERGED. */
  async peek(at: At): Promise<TensorData> {
    const totals = await this.#executable.read(TOTALS);
    const loss = totals[0] as number;
    if (!Number.isFinite(loss)) throw this.diverged(at, `the loss became ${loss}`);
    return totals;
  }

  diverged({ step, epoch }: At, what: string, options?: ErrorOptions): TrainingError {
    const { optimizer, steps } = this.#recipe;
    const where = step > this.#lastRead + 1 ? `between steps ${this.#lastRead + 1} and ${step}` : `at step ${step}`;
    const before = this.#lastLoss === undefined ? "" : `, after a loss of ${this.#lastLoss.toPrecision(3)}`;
    const remedy = `lower the rate (${optimizer.rate}), warm it up, or look for NaN among the images`;
    return new TrainingError("E_DIVERGED", `${what} ${where} of ${steps} (epoch ${epoch + 1})${before}; ${remedy}`, options);
  }
}
