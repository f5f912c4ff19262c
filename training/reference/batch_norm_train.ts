/** Batch normalisation with the batch's statistics, and its gradient. Sums run over the m = N·H·W elements of a channel. */
import { asChannels, at, eachElement, type ReferenceIo } from "../../src/reference/kernel.ts";

function elementsPerChannel(shape: readonly number[]): number {
  const [examples, , pixels] = asChannels(shape);
  return examples * pixels;
}

export function batchNormTrain(io: ReferenceIo<{ readonly eps: number; readonly momentum: number }>): void {
  const { eps, momentum } = io.attrs;
  const x = io.input("x");
  const gamma = io.input("gamma");
  const beta = io.input("beta");
  const y = io.output("y");
  const mean = io.output("mean");
  const variance = io.output("var");
  const nextMean = io.output("next_mean");
  const nextVar = io.output("next_var");
  const m = elementsPerChannel(io.shape("x"));
  eachElement(io.shape("x"), (i, c) => {
    mean[c] = at(mean, c) + at(x, i) / m;
  });
  eachElement(io.shape("x"), (i, c) => {
    variance[c] = at(variance, c) + (at(x, i) - at(mean, c)) ** 2 / m;
  });
  eachElement(io.shape("x"), (i, c) => {
    y[i] = (at(gamma, c) * (at(x, i) - at(mean, c))) / Math.sqrt(at(variance, c) + eps) + at(beta, c);
  });
  for (let c = 0; c < mean.length; c++) {
    // one element has no unbiased variance; it counts as 0
    const unbiased = m > 1 ? (at(variance, c) * m) / (m - 1) : 0;
    nextMean[c] = (1 - momentum) * at(nextMean, c) + momentum * at(mean, c);
    nextVar[c] = (1 - momentum) * at(nextVar, c) + momentum * unbiased;
  }
}

export function batchNormGrad(io: ReferenceIo<{ readonly eps: number; readonly frozen: boolean }>): void {
  const { eps, frozen } = io.attrs;
  const x = io.input("x");
  const dy = io.input("dy");
  const gamma = io.input("gamma");
  const mean = io.input("mean");
  const variance = io.input("var");
  const dx = io.output("dx");
  const dgamma = io.output("dgamma");
  const dbeta = io.output("dbeta");
  const m = elementsPerChannel(io.shape("x"));
  const normalised = (i: number, c: number): number => (at(x, i) - at(mean, c)) / Math.sqrt(at(variance, c) + eps);
  eachElement(io.shape("x"), (i, c) => {
    dgamma[c] = at(dgamma, c) + at(dy, i) * normalised(i, c);
    dbeta[c] = at(dbeta, c) + at(dy, i);
  });
  eachElement(io.shape("x"), (i, c) => {
    const throughStatistics = frozen ? 0 : (at(dbeta, c) + normalised(i, c) * at(dgamma, c)) / m;
    dx[i] = (at(gamma, c) / Math.sqrt(at(variance, c) + eps)) * (at(dy, i) - throughStatistics);
  });
}
