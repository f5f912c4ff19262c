/**
 * `dx[n,i] = Σ_o dy[n,o] · w[o,i]` and `dw[o,i] = Σ_n dy[n,o] · x[n,i]`, x and dx [n, cin], w and dw [cout, cin], dy [n, cout].
 *
 * Outer products (outer.ts) with vectors along i: dy or its transpose is packed, the rows of w or x are read where they are, in runs of columns that the
 * first cache holds. Workers share the columns.
 *
 * Scratch: the struct, one tap, the list of vectors of a run, where the rows of w or x begin, and the packed dy.
 */
import { LinearDw, LinearDx } from "./generated/layouts";
import { MAX_ROWS, RUN, SPARE_SPOTS, STRUCTS } from "./generated/scratch";
import { Outer, outer, Spot } from "./outer";
import { list_offsets, list_spots, pack_panel, Tap } from "./panel";
import { bytes, nth } from "./parts";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** Bytes of b in a run of columns. */
const RUN_BYTES: i32 = 16384;

export function linear_dx(p: LinearDx, worker: i32, workers: i32, scratch: usize): void {
  const t = prepare(scratch, p.w, p.dx, p.cin);
  multiply(t, p.n, p.cout, p.cin, p.dy, bytes(p.cout), 4, p.scratch_bytes, worker, workers);
}

export function linear_dw(p: LinearDw, worker: i32, workers: i32, scratch: usize): void {
  const t = prepare(scratch, p.x, p.dw, p.cin);
  multiply(t, p.cout, p.n, p.cin, p.dy, 4, bytes(p.cout), p.scratch_bytes, worker, workers);
}

/** A product whose b and y have rows of `cols` columns. */
function prepare(scratch: usize, b: usize, y: usize, cols: i32): Outer {
  const t = changetype<Outer>(scratch);
  t.b = b;
  t.y = y;
  t.y_row = bytes(cols);
  t.lane_bytes = 4;
  t.places = 0;
  t.bias = 0;
  t.slope = 0;
  t.residual = 0;
  t.fn = 0;
  return t;
}

/** y [m, cols] = a · b, where a[m, k] lies at a + m · a_row + k · a_col. */
function multiply(t: Outer, m: i32, k: i32, cols: i32, a: usize, a_row: usize, a_col: usize, room: i32, worker: i32, workers: i32): void {
  const b = t.b;
  const y = t.y;
  const row = t.y_row;
  const tap = changetype<usize>(t) + STRUCTS;
  changetype<Tap>(tap).a = 0;
  changetype<Tap>(tap).b = 0;
  t.spots = tap + offsetof<Tap>();
  t.offsets = t.spots + (RUN / 4 + SPARE_SPOTS) * offsetof<Spot>();
  t.panel = list_offsets(t.offsets, tap, 1, k, row);
  t.k = k;
  t.first_block = 0;
  const most = max(1, (room - <i32>(t.panel - changetype<usize>(t))) / (4 * MAX_ROWS * k)) * MAX_ROWS;
  const run = min(RUN, max(16, RUN_BYTES / (4 * k)) & ~7);
  // whole pairs of vectors for each worker
  const pairs = (cols + 7) >> 3;
  const end = min(cols, 8 * share(pairs, worker + 1, workers));
  for (let from = 0; from < m; from += most) {
    t.m = min(most, m - from);
    t.end_block = row_blocks(t.m);
    pack_panel(t.panel, t.m, 0, t.end_block, tap, 1, k, a + <usize>from * a_row, a_row, a_col);
    for (let col = 8 * share(pairs, worker, workers); col < end; col += run) {
      list_spots(t, 1, min(run, end - col), row, row);
      t.b = nth(b, col);
      t.y = nth(y + <usize>from * row, col);
      outer(t);
    }
  }
}
