/** `channel_sum`: y[c] = Σ_{n,i} x[n,c,i]; `batch_sum`: y[i] = Σ_n x[n,i]; `fill`: y[i] = value. */
import { BatchSum, ChannelSum, Fill } from "./generated/layouts";
import { column_share, fill_row, nth, row_share } from "./parts";
import { share } from "./simd";
import { column_sums, row_sum } from "./sums";

export function channel_sum(p: ChannelSum, worker: i32, workers: i32, scratch: usize): void {
  if (p.hw == 1) {
    sum_columns(p.x, p.y, p.n, p.c, worker, workers);
    return;
  }
  const to = share(p.c, worker + 1, workers);
  for (let c = share(p.c, worker, workers); c < to; c++) {
    let total: f64 = 0;
    for (let i = 0; i < p.n; i++) total += row_sum(nth(p.x, (i * p.c + c) * p.hw), p.hw);
    store<f32>(nth(p.y, c), <f32>total);
  }
}

export function batch_sum(p: BatchSum, worker: i32, workers: i32, scratch: usize): void {
  sum_columns(p.x, p.y, p.n, p.size, worker, workers);
}

/** The worker's share of the column sums of a matrix with n rows of `size` floats. */
function sum_columns(x: usize, y: usize, n: i32, size: i32, worker: i32, workers: i32): void {
  const to = column_share(size, worker + 1, workers);
  for (let j = column_share(size, worker, workers); j < to; j += 4) column_sums(nth(x, j), nth(y, j), n, size, min(4, size - j));
}

export function fill(p: Fill, worker: i32, workers: i32, scratch: usize): void {
  const from = row_share(p.size, worker, workers);
  fill_row(nth(p.y, from), row_share(p.size, worker + 1, workers) - from, p.value);
}
