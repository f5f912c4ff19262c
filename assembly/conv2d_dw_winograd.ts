/**
 * conv2d_dw (conv2d_dw.ts) with a 3 × 3 window, stride 1 and one group, by the transposes of Winograd's transforms (winograd_transforms.ts) with tiles of
 * 4 × 4 pixels of dy: `dw = Gᵀ [ Σ (A dy Aᵀ) ⊙ (Bᵀ x B) ] G`, summed over all tiles of all images.
 *
 *   1. tiles of x and of dy are transformed, four channels in a vector (conv2d_dw_tiles.ts): v [product][tile][channel] and z [product][tile][filter]
 *   2. for each product the sum over tiles of outer products (sum_products.ts): sums [product][filter][channel]
 *   3. when all tiles are through, sums are transformed back to dw.
 *
 * Tiles go through in chunks of whole rows of tiles, which follow from shapes alone, and each sum is one worker's own, so the number of workers changes no
 * bit. Workers share pairs of vectors of channels by blocks of filters, and transform what they need.
 *
 * Scratch: the structs, a row of zeros, lines of four channels of x and of dy under transformation, v, z, and sums.
 */
import { dy_tiles, x_tiles } from "./conv2d_dw_tiles";
import { Conv2dDw } from "./generated/layouts";
import { DW_TILES, WINOGRAD_BAND, WINOGRAD_STRUCTS, WINOGRAD_TILE } from "./generated/scratch";
import { bytes, nth } from "./parts";
import { row_blocks } from "./rows";
import { fma, share } from "./simd";
import { Products, sum_products } from "./sum_products";
import { odd_lines, Winograd } from "./winograd";
import { FACTORS, set_factors } from "./winograd_transforms";

const PRODUCTS: i32 = 36;

/** What a worker computes: vectors of channels, blocks of filters, and where they stand. */
@unmanaged
export class Job {
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
  t.tile_h = 4;
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
