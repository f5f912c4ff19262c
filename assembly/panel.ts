/** What the outer product (outer.ts) is given: panels of packed weights, and lists of where rows and vectors lie. */
import { SPARE_SPOTS } from "./generated/scratch";
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

/**
 * Packs blocks first_block … end_block − 1 of m rows of weights into the panel, for sums over `channels` × the `count` taps of a list. Rows of a lie a_row
 * bytes apart, and from one channel to the next are a_channel bytes.
 */
export function pack_panel(
  panel: usize,
  m: i32,
  first_block: i32,
  end_block: i32,
  taps: usize,
  count: i32,
  channels: i32,
  a: usize,
  a_row: usize,
  a_channel: usize,
): void {
  const end = taps + <usize>count * offsetof<Tap>();
  const blocks = row_blocks(m);
  for (let block = first_block; block < end_block; block++) {
    const row = share(m, block, blocks);
    const rows = share(m, block + 1, blocks) - row;
    let at = nth(panel, row * count * channels);
    let weights = a + <usize>row * a_row;
    for (let c = 0; c < channels; c++) {
      for (let tap = taps; tap < end; tap += offsetof<Tap>()) {
        let from = weights + changetype<Tap>(tap).a;
        for (const next = nth(at, rows); at < next; at += 4) {
          store<u32>(at, load<u32>(from));
          from += a_row;
        }
      }
      weights += a_channel;
    }
  }
}

/**
 * Lists where the rows of b begin, for sums over `channels` × the `count` taps of a list: b_channel bytes from one channel to the next, where channel c lies
 * at place gather[c] if there is such a table. Returns where the list ends.
 */
export function list_offsets(at: usize, taps: usize, count: i32, channels: i32, b_channel: usize, gather: usize = 0): usize {
  const end = taps + <usize>count * offsetof<Tap>();
  for (let c = 0; c < channels; c++) {
    const from = <usize>entry(gather, c) * b_channel;
    for (let tap = taps; tap < end; tap += offsetof<Tap>()) {
      store<usize>(at, from + changetype<Tap>(tap).b);
      at += 4;
    }
  }
  return at;
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
