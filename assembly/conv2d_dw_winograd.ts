/**
 * conv2d_dw (conv2d_dw.ts) with a 3 × 3 window, stride 1 and one group, by the transposes of Winograd's transforms (winograd_transforms.ts) with tiles of
 * 4 × 4 pixels of dy: `dw = Gᵀ [ Σ (A dy Aᵀ) ⊙ (Bᵀ x B) ] G`, summed over all tiles of all images.
 *
 *   1. tiles of x and of dy are transformed, four channels in a vector: v [product][tile][channel] and z [product][tile][filter]
 *   2. for each product the sum over tiles of outer products (sum_products.ts): sums [product][filter][channel]
 *   3. when all tiles are through, sums are transformed back to dw.
 *
 * Tiles go through in chunks of whole rows of tiles, which follow from shapes alone, and each sum is one worker's own, so the number of workers changes no
 * bit. Workers share pairs of vectors of channels by blocks of filters, and transform what they need.
 *
 * Scratch: the structs, a row of zeros, lines of four channels of x and of dy under transformation, v, z, and sums.
 */
import { Conv2dDw } from "./generated/layouts";
import { DW_TILES, WINOGRAD_BAND, WINOGRAD_STRUCTS, WINOGRAD_TILE } from "./generated/scratch";
import { bytes, nth } from "./parts";
import { row_blocks } from "./rows";
import { fma, share } from "./simd";
import { Products, sum_products } from "./sum_products";
import { odd_lines, Winograd } from "./winograd";
import { input_columns } from "./winograd_input";
import { FACTORS, HALF, input4, ROOT_HALF, ROOT_TWO, set_factors, TWO } from "./winograd_transforms";

const PRODUCTS: i32 = 36;

/** What a worker computes: vectors of channels, blocks of filters, and where they stand. */
@unmanaged
class Job {
  /** Items (pairs of vectors of channels by blocks of filters), and blocks. */
  first: i32;
  end: i32;
  blocks: i32;
  /** Vectors of channels and of filters that it transforms. */
  first_channels: i32;
  end_channels: i32;
  first_filters: i32;
  end_filters: i32;
  /** Bytes from one product to the next of v, z and sums. */
  v_product: usize;
  z_product: usize;
  sums_product: usize;
  v: usize;
  z: usize;
  sums: usize;
  /** Bytes of the lines of a channel, and where those of dy begin; those of x keep their padding. */
  lines: usize;
  dy_lines: usize;
}

export function conv2d_dw_winograd(p: Conv2dDw, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Winograd>(scratch);
  const job = changetype<Job>(scratch + offsetof<Winograd>());
  const products = changetype<Products>(scratch + offsetof<Winograd>() + offsetof<Job>());
  share_sums(p, job, worker, workers);
  if (job.first == job.end) return;
  t.factors = scratch + WINOGRAD_STRUCTS - FACTORS;
  shape(p, t, job, products, scratch);
  set_factors(t.factors);
  memory.fill(t.zeros, 0, t.tile - t.zeros);
  const total = p.n * t.tile_rows;
  products.add = false;
  for (let row = 0; row < total; row += t.band) {
    const rows = min(t.band, total - row);
    transform(p, t, job, products, row, rows);
    products.k = rows * t.tile_cols;
    multiply(p, job, products);
    products.add = true;
  }
  put_weights(p, t, job, products.y_row);
}

/** The worker's part of the sums, and what it must transform for them. */
function share_sums(p: Conv2dDw, job: Job, worker: i32, workers: i32): void {
  job.blocks = row_blocks(p.cout);
  const vectors = (p.cin + 3) >> 2;
  const items = ((vectors + 1) >> 1) * job.blocks;
  job.first = share(items, worker, workers);
  job.end = share(items, worker + 1, workers);
  if (job.first == job.end) return;
  const first = job.first / job.blocks;
  const last = (job.end - 1) / job.blocks;
  job.first_channels = 2 * first;
  job.end_channels = min(vectors, 2 * last + 2);
  const all = first < last;
  job.first_filters = all ? 0 : share(p.cout, job.first % job.blocks, job.blocks) >> 2;
  job.end_filters = ((all ? p.cout : share(p.cout, ((job.end - 1) % job.blocks) + 1, job.blocks)) + 3) >> 2;
}

/** Sizes of chunks, from shapes alone, and the division of scratch memory. */
function shape(p: Conv2dDw, t: Winograd, job: Job, products: Products, scratch: usize): void {
  t.m = 4;
  t.h = p.ih;
  t.w = p.iw;
  t.top = p.pt;
  t.left = p.pl;
  t.tile_cols = (p.ow + 3) >> 2;
  t.tile_rows = (p.oh + 3) >> 2;
  const fits = WINOGRAD_BAND / (16 * PRODUCTS * (((p.cin + 3) >> 2) + ((p.cout + 3) >> 2)));
  t.band = max(1, max(fits, DW_TILES) / t.tile_cols);
  const tiles = <usize>(t.band * t.tile_cols);
  products.b_row = (<usize>(job.end_channels - job.first_channels)) << 4;
  products.a_row = (<usize>(job.end_filters - job.first_filters)) << 4;
  products.y_row = products.b_row;
  job.v_product = odd_lines(tiles * products.b_row);
  job.z_product = odd_lines(tiles * products.a_row);
  job.sums_product = odd_lines(((<usize>(job.end_filters - job.first_filters)) << 2) * products.y_row);
  t.line = bytes(4 * t.tile_cols + 8);
  t.zeros = scratch + WINOGRAD_STRUCTS;
  t.lines = t.zeros + ((bytes(max(p.iw, p.ow) + 4) + 15) & ~15);
  job.lines = 6 * t.line;
  job.dy_lines = t.lines + 4 * job.lines;
  t.tile = job.dy_lines + 4 * job.lines;
  job.v = (t.tile + WINOGRAD_TILE + 63) & ~63;
  job.z = job.v + <usize>PRODUCTS * job.v_product;
  job.sums = job.z + <usize>PRODUCTS * job.z_product;
  if (<i32>(job.sums + <usize>PRODUCTS * job.sums_product - scratch) > p.scratch_bytes) unreachable();
}

/** Transforms `rows` rows of tiles from `row` on, counted through all images. */
function transform(p: Conv2dDw, t: Winograd, job: Job, products: Products, row: i32, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const image = (row + r) / t.tile_rows;
    const y = ((row + r) % t.tile_rows) << 2;
    const tile = <usize>(r * t.tile_cols);
    let to = job.v + tile * products.b_row;
    for (let c = job.first_channels; c < job.end_channels; c++) {
      x_tiles(p, t, job, image, c << 2, y, to, products.b_row);
      to += 16;
    }
    to = job.z + tile * products.a_row;
    for (let o = job.first_filters; o < job.end_filters; o++) {
      dy_tiles(p, t, job, image, o << 2, y, to, products.a_row);
      to += 16;
    }
  }
}

/** A row of tiles of four channels of x; product p of tile k goes to `to` + p · job.v_product + k · row. */
function x_tiles(p: Conv2dDw, t: Winograd, job: Job, image: i32, channel: i32, y: i32, to: usize, row: usize): void {
  const lines = t.lines;
  for (let c = channel; c < channel + 4; c++) {
    if (c < p.cin) input_columns(t, nth(p.x, (image * p.cin + c) * p.ih * p.iw), y - t.top);
    else memory.fill(t.lines, 0, job.lines);
    t.lines += job.lines;
  }
  t.lines = lines;
  const factors = t.factors;
  const apart = job.v_product;
  for (let i = 0; i < 6; i++) {
    let from = lines + <usize>i * t.line;
    let at = to;
    let d0 = f32x4.splat(0);
    let d1 = d0;
    let d2 = d0;
    let d3 = d0;
    // one vector of columns ahead, of which a tile's last two are
    for (let tile = 0; tile <= t.tile_cols; tile++) {
      const a = v128.load(from);
      const b = v128.load(from + job.lines);
      const c = v128.load(from + 2 * job.lines);
      const d = v128.load(from + 3 * job.lines);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      const next0 = v128.shuffle<i32>(ab, cd, 0, 1, 4, 5);
      const next1 = v128.shuffle<i32>(ab, cd, 2, 3, 6, 7);
      if (tile > 0) {
        input4(at, apart, factors, d0, d1, d2, d3, next0, next1);
        at += row;
      }
      d0 = next0;
      d1 = next1;
      d2 = v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5);
      d3 = v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7);
      from += 16;
    }
    to += 6 * apart;
  }
}

/** A row of tiles of four filters of dy; product p of tile k goes to `to` + p · job.z_product + k · row. */
function dy_tiles(p: Conv2dDw, t: Winograd, job: Job, image: i32, filter: i32, y: i32, to: usize, row: usize): void {
  for (let o = 0; o < 4; o++) {
    const lines = job.dy_lines + <usize>o * job.lines;
    if (filter + o < p.cout) dy_columns(p, t, nth(p.dy, (image * p.cout + filter + o) * p.oh * p.ow), y, lines);
    else memory.fill(lines, 0, job.lines);
  }
  const factors = t.factors;
  const apart = job.z_product;
  for (let i = 0; i < 6; i++) {
    let from = job.dy_lines + <usize>i * t.line;
    let at = to;
    for (let tile = 0; tile < t.tile_cols; tile++) {
      const a = v128.load(from);
      const b = v128.load(from + job.lines);
      const c = v128.load(from + 2 * job.lines);
      const d = v128.load(from + 3 * job.lines);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      spread4(
        at,
        apart,
        factors,
        v128.shuffle<i32>(ab, cd, 0, 1, 4, 5),
        v128.shuffle<i32>(ab, cd, 2, 3, 6, 7),
        v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5),
        v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7),
      );
      at += row;
      from += 16;
    }
    to += 6 * apart;
  }
}

/** A along columns: the four rows of pixels from row y on become six lines. */
function dy_columns(p: Conv2dDw, t: Winograd, plane: usize, y: i32, lines: usize): void {
  const row = bytes(p.ow);
  let y0 = plane + <usize>y * row;
  let y1 = y + 1 < p.oh ? y0 + row : t.zeros;
  let y2 = y + 2 < p.oh ? y0 + 2 * row : t.zeros;
  let y3 = y + 3 < p.oh ? y0 + 3 * row : t.zeros;
  let to = lines;
  for (const end = to + row; to < end; to += 16) {
    spread4(to, t.line, t.factors, v128.load(y0), v128.load(y1), v128.load(y2), v128.load(y3));
    y0 += 16;
    y1 += 16;
    y2 += 16;
    y3 += 16;
  }
  // what overhangs a row is no pixel
  if ((p.ow & 3) == 0) return;
  to = lines + row;
  for (let i = 0; i < 6; i++) {
    v128.store(to, f32x4.splat(0));
    to += t.line;
  }
}

/** A d for tiles of 4 × 4, along one axis; results go to at, at + apart, … */
// @ts-ignore: decorator
@inline
function spread4(at: usize, apart: usize, factors: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  const two = v128.load(factors, TWO);
  const half = v128.load(factors, HALF);
  v128.store(at, d0);
  at += apart;
  const even1 = fma(half, d2, d0);
  const odd1 = f32x4.mul(v128.load(factors, ROOT_HALF), fma(half, d3, d1));
  v128.store(at, f32x4.add(even1, odd1));
  at += apart;
  v128.store(at, f32x4.sub(even1, odd1));
  at += apart;
  const even2 = fma(two, d2, d0);
  const odd2 = f32x4.mul(v128.load(factors, ROOT_TWO), fma(two, d3, d1));
  v128.store(at, f32x4.add(even2, odd2));
  at += apart;
  v128.store(at, f32x4.sub(even2, odd2));
  v128.store(at + apart, d3);
}

/** Adds the chunk's products to the worker's sums. */
function multiply(p: Conv2dDw, job: Job, products: Products): void {
  for (let item = job.first; item < job.end; item++) {
    const vector = 2 * (item / job.blocks) - job.first_channels;
    const block = item % job.blocks;
    const filter = share(p.cout, block, job.blocks);
    const rows = share(p.cout, block + 1, job.blocks) - filter;
    const row = filter - 4 * job.first_filters;
    const vectors = min(2, job.end_channels - job.first_channels - vector);
    let a = nth(job.z, row);
    let b = job.v + ((<usize>vector) << 4);
    let y = job.sums + <usize>row * products.y_row + ((<usize>vector) << 4);
    for (let product = 0; product < PRODUCTS; product++) {
      sum_products(products, a, rows, b, vectors, y);
      a += job.z_product;
      b += job.v_product;
      y += job.sums_product;
    }
  }
}

/** Transforms the worker's sums to dw. */
function put_weights(p: Conv2dDw, t: Winograd, job: Job, row: usize): void {
  const apart = job.sums_product;
  for (let item = job.first; item < job.end; item++) {
    const pair = 2 * (item / job.blocks);
    const block = item % job.blocks;
    const end = share(p.cout, block + 1, job.blocks);
    for (let filter = share(p.cout, block, job.blocks); filter < end; filter++) {
      for (let vector = pair; vector < min(pair + 2, job.end_channels); vector++) {
        let from = job.sums + <usize>(filter - 4 * job.first_filters) * row + ((<usize>(vector - job.first_channels)) << 4);
        for (let j = 0; j < 6; j++) {
          gather3(from, 6 * apart, t.tile + ((<usize>j) << 4), 96);
          from += apart;
        }
        const channel = vector << 2;
        const lanes = min(4, p.cin - channel);
        let to = nth(p.dw, (filter * p.cin + channel) * 9);
        for (let i = 0; i < 3; i++) {
          const line = t.tile + <usize>i * 96;
          gather3(line, 16, line, 16);
          for (let j = 0; j < 3; j++) {
            for (let lane = 0; lane < lanes; lane++) store<f32>(nth(to, 9 * lane), load<f32>(line + ((<usize>j) << 4) + bytes(lane)));
            to += 4;
          }
        }
      }
    }
  }
}

/** Gᵀ u along one axis, four channels at once: six vectors to three. They may be the same memory. */
function gather3(from: usize, apart: usize, to: usize, to_apart: usize): void {
  const u0 = v128.load(from);
  const u1 = v128.load(from + apart);
  const u2 = v128.load(from + 2 * apart);
  const u3 = v128.load(from + 3 * apart);
  const u4 = v128.load(from + 4 * apart);
  const u5 = v128.load(from + 5 * apart);
  const even1 = f32x4.mul(f32x4.splat(-2.0 / 3), f32x4.add(u1, u2));
  const even2 = f32x4.mul(f32x4.splat(1.0 / 6), f32x4.add(u3, u4));
  const odd1 = f32x4.mul(f32x4.splat(-0.4714045207910317), f32x4.sub(u1, u2));
  const odd2 = f32x4.mul(f32x4.splat(0.23570226039551584), f32x4.sub(u3, u4));
  v128.store(to, f32x4.add(u0, f32x4.add(even1, even2)));
  v128.store(to + to_apart, f32x4.add(odd1, odd2));
  v128.store(to + 2 * to_apart, f32x4.add(u5, fma(f32x4.splat(0.5), even1, f32x4.mul(f32x4.splat(2), even2))));
}
