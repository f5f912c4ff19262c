/** y[n,c] = exp(x[n,c]) / Σ_k exp(x[n,k]) */
import { at, type ReferenceIo } from "./kernel.ts";

/** log Σ_k exp(row[k]), from the differences to the largest so that nothing overflows. */
export function logSumExp(row: Float64Array): number {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

export function softmax(io: ReferenceIo<unknown>): void {
  const x = io.input("x");
  const y = io.output("y");
  const [examples = 1, classes = 1] = io.shape("x");
  for (let n = 0; n < examples; n++) {
    const total = logSumExp(x.subarray(n * classes, (n + 1) * classes));
    for (let c = 0; c < classes; c++) y[n * classes + c] = Math.exp(at(x, n * classes + c) - total);
  }
}
