/** What the outer product (outer.ts) is given: panels of packed weights, and lists of where vectors lie. */
import { MAX_ROWS, SPARE_SPOTS } from "./generated/scratch";
import { Outer, Spot } from "./outer";
import { bytes, entry, nth } from "./parts";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** A tap of a window, or a column of a matrix: where its weight lies in a, and its row in b. */
@unmanaged
export class Tap {
  a: usize;
  b: usize;
}

/** Floats of panel for m rows and k numbers along each: the weights, and an offset for each block. */
export function panel_floats(m: i32, k: i32): i32 {
  return (m + row_blocks(m)) * k;
}

/** The most rows whose panel fits into `bytes`; there must be room for a block. */
export function panel_rows(bytes: i32, k: i32): i32 {
  const blocks = bytes / (4 * panel_floats(MAX_ROWS, k));
  if (blocks < 1) unreachable();
  return blocks * MAX_ROWS;
}

/**
 * Packs t.m rows of weights at t.panel, for sums over `channels` × the `count` taps of a list. Rows of a lie a_row bytes apart; from one channel to the next
 * are a_channel bytes in a, b_channel in b, where channel c lies at place gather[c] if there is such a table. Sets t.k, and returns where the panel ends.
 */
export function pack_panel(
  t: Outer,
  taps: usize,
  count: i32,
  channels: i32,
  a: usize,
  a_row: usize,
  a_channel: usize,
  b_channel: usize,
  gather: usize = 0,
): usize {
  t.k = count * channels;
  const end = taps + <usize>count * offsetof<Tap>();
  const blocks = row_blocks(t.m);
  let at = t.panel;
  for (let block = 0; block < blocks; block++) {
    const row = share(t.m, block, blocks);
    const rows = share(t.m, block + 1, blocks) - row;
    let weights = a + <usize>row * a_row;
    for (let c = 0; c < channels; c++) {
      const from = <usize>entry(gather, c) * b_channel;
      for (let tap = taps; tap < end; tap += offsetof<Tap>()) {
        at = put_record(at, from + changetype<Tap>(tap).b, weights + changetype<Tap>(tap).a, a_row, rows);
      }
      weights += a_channel;
    }
  }
  return at;
}

/** Writes the record of `rows` weights, a_row bytes apart; returns where the next one stands. */
// @ts-ignore: decorator
@inline
function put_record(at: usize, from: usize, a: usize, a_row: usize, rows: i32): usize {
  store<usize>(at, from);
  const end = nth(at, rows);
  while (at < end) {
    at += 4;
    store<u32>(at, load<u32>(a));
    a += a_row;
  }
  return at + 4;
}

/** Bytes of the spots of a row of `cols` pixels, without the spare ones. */
export function spots_bytes(cols: i32): i32 {
  return ((cols + 3) >> 2) * offsetof<Spot>();
}

/**
 * Lists the vectors of a grid of rows × cols pixels at t.spots: from_row and to_row bytes lie between rows, t.lane_bytes between a row's stored pixels.
 * The last vector of a row overlaps the one before, so that all are whole. Rows without gaps between them are one long row.
 */
export function list_spots(t: Outer, rows: i32, cols: i32, from_row: usize, to_row: usize): void {
  if (from_row == bytes(cols) && to_row == from_row) {
    cols *= rows;
    rows = 1;
  }
  const vectors = (cols + 3) >> 2;
  const last = max(0, cols - 4);
  let at = t.spots;
  for (let row = 0; row < rows; row++) {
    for (let v = 0; v < vectors; v++) {
      const col = min(v << 2, last);
      at = put_spot(at, nth(<usize>row * from_row, col), <usize>row * to_row + <usize>col * t.lane_bytes);
    }
  }
  const end = changetype<Spot>(at - offsetof<Spot>());
  for (let spare = 0; spare < SPARE_SPOTS; spare++) at = put_spot(at, end.from, end.to);
  t.vectors = rows * vectors;
  t.lanes = min(4, cols);
}

// @ts-ignore: decorator
@inline
function put_spot(at: usize, from: usize, to: usize): usize {
  changetype<Spot>(at).from = from;
  changetype<Spot>(at).to = to;
  return at + offsetof<Spot>();
}
