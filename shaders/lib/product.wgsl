// The tiled matrix product: sum[r, c] = Σ_k left[r, k] · right[c, k], with its main function. The shader that includes this says the rest:
//
//   fn extent() -> vec3u                   rows r, columns c and depth k
//   const LEFT_DEEP, RIGHT_DEEP: bool      whether a factor lies in memory row by row, its depths side by side ([rows, depth]); else [depth, rows]
//   fn left(i: u32) -> f32, fn right(i: u32) -> f32       element i of a factor's memory
//   fn column_at(c: u32) -> Column         what belongs to a column (a bias, nothing); Column is a type of the shader's own
//   fn store(column: Column, i: u32, sum: f32)             element i of the result, [rows, columns]
//
// How the work is split. A product reads two numbers for each multiply-add, and memory brings far fewer than a GPU can multiply. So each number has to be
// used many times once it is there, on two levels:
//
// Workgroup. Its 64 threads compute a tile of LEFT_TILE × RIGHT_TILE sums. Together they copy 16 depths of the rows and columns that these need into
//   workgroup memory (every number once), wait for one another, and multiply; then the next 16. A row of 16 depths is four vec4, its four quads.
// Thread. THREADS_DOWN × THREADS_ACROSS threads share the tile, each with THREAD_ROWS × THREAD_COLUMNS sums in registers. For a quad it reads
//   THREAD_ROWS + THREAD_COLUMNS vec4 and multiplies THREAD_ROWS · THREAD_COLUMNS · 4 times: with 8 and 8, 256 multiply-adds for 16 reads. Its rows and
//   columns are not neighbours but THREADS_DOWN and THREADS_ACROSS apart, so that in each read neighbouring threads read neighbouring rows.
//
// PITCH. Workgroup memory has 32 banks of 4 bytes that serve one address each at a time. Rows of 4 vec4 would put every second row's quad in the same
//   banks; with one vec4 of padding, quads of eight neighbouring rows are in 32 different ones.
//
// Any size is right: rows and columns beyond the matrices are computed from whatever is read there (WebGPU keeps reads inside the buffer) and not stored, so
// the host picks tiles that waste little of them; depths that fill no quad come last, one by one.

#include "lib/add_products.wgsl"

const LANES = 64u;
const QUADS = 4u;
const PITCH = QUADS + 1u;
const MOST_ROWS = 8u;
const MOST_COLUMNS = 8u;

// THREADS_DOWN · THREADS_ACROSS = LANES
override THREADS_DOWN: u32 = 8;
override THREADS_ACROSS: u32 = 8;
// 1 to MOST_ROWS, 1 to MOST_COLUMNS
override THREAD_ROWS: u32 = 8;
override THREAD_COLUMNS: u32 = 8;

override LEFT_TILE: u32 = THREADS_DOWN * THREAD_ROWS;
override RIGHT_TILE: u32 = THREADS_ACROSS * THREAD_COLUMNS;

// some rows are copied by fours
override LEFT_BLOCKS: u32 = (LEFT_TILE + 3u) / 4u;
override RIGHT_BLOCKS: u32 = (RIGHT_TILE + 3u) / 4u;
var<workgroup> left_tile: array<vec4f, LEFT_BLOCKS * 4u * PITCH>;
var<workgroup> right_tile: array<vec4f, RIGHT_BLOCKS * 4u * PITCH>;

// Elements from one row to the next and from one depth to the next.
fn strides(deep: bool, rows: u32, depth: u32) -> vec2u {
  return select(vec2u(1u, rows), vec2u(depth, 1u), deep);
}

// What a thread copies. Four neighbours share a row, one quad each. Where rows are side by side in memory, a thread takes four rows of its quad.
struct Share {
  row: u32,
  quad: u32,
  // its first element, counted from the tile's
  start: u32,
}

fn share_of(lane: u32, deep: bool, stride: vec2u) -> Share {
  let row = lane / QUADS * select(4u, 1u, deep);
  let quad = lane % QUADS;
  return Share(row, quad, row * stride.x + 4u * quad * stride.y);
}

// Copies a thread's share of a tile whose first element is `first`, if it is in the first `quads` quads.
fn copy_left(first: u32, stride: vec2u, mine: Share, quads: u32) {
  if (mine.quad >= quads) {
    return;
  }
  let i = first + mine.start;
  if (LEFT_DEEP) {
    for (var r = 0u; r < LEFT_TILE; r += LANES / QUADS) {
      // the first half of the condition is a constant: where all rows are there, nobody asks
      if (LEFT_TILE % (LANES / QUADS) == 0u || mine.row + r < LEFT_TILE) {
        let at = i + r * stride.x;
        left_tile[(mine.row + r) * PITCH + mine.quad] = vec4f(left(at), left(at + 1u), left(at + 2u), left(at + 3u));
      }
    }
  } else {
    for (var r = 0u; r < LEFT_TILE; r += LANES) {
      if (LEFT_TILE % LANES == 0u || mine.row + r < LEFT_TILE) {
        let k0 = i + r;
        let k1 = k0 + stride.y;
        let k2 = k1 + stride.y;
        let k3 = k2 + stride.y;
        let d0 = vec4f(left(k0), left(k0 + 1u), left(k0 + 2u), left(k0 + 3u));
        let d1 = vec4f(left(k1), left(k1 + 1u), left(k1 + 2u), left(k1 + 3u));
        let d2 = vec4f(left(k2), left(k2 + 1u), left(k2 + 2u), left(k2 + 3u));
        let d3 = vec4f(left(k3), left(k3 + 1u), left(k3 + 2u), left(k3 + 3u));
        let to = (mine.row + r) * PITCH + mine.quad;
        left_tile[to] = vec4f(d0.x, d1.x, d2.x, d3.x);
        left_tile[to + PITCH] = vec4f(d0.y, d1.y, d2.y, d3.y);
        left_tile[to + 2u * PITCH] = vec4f(d0.z, d1.z, d2.z, d3.z);
        left_tile[to + 3u * PITCH] = vec4f(d0.w, d1.w, d2.w, d3.w);
      }
    }
  }
}

fn copy_right(first: u32, stride: vec2u, mine: Share, quads: u32) {
  if (mine.quad >= quads) {
    return;
  }
  let i = first + mine.start;
  if (RIGHT_DEEP) {
    for (var r = 0u; r < RIGHT_TILE; r += LANES / QUADS) {
      // the first half of the condition is a constant: where all rows are there, nobody asks
      if (RIGHT_TILE % (LANES / QUADS) == 0u || mine.row + r < RIGHT_TILE) {
        let at = i + r * stride.x;
        right_tile[(mine.row + r) * PITCH + mine.quad] = vec4f(right(at), right(at + 1u), right(at + 2u), right(at + 3u));
      }
    }
  } else {
    for (var r = 0u; r < RIGHT_TILE; r += LANES) {
      if (RIGHT_TILE % LANES == 0u || mine.row + r < RIGHT_TILE) {
        let k0 = i + r;
        let k1 = k0 + stride.y;
        let k2 = k1 + stride.y;
        let k3 = k2 + stride.y;
        let d0 = vec4f(right(k0), right(k0 + 1u), right(k0 + 2u), right(k0 + 3u));
        let d1 = vec4f(right(k1), right(k1 + 1u), right(k1 + 2u), right(k1 + 3u));
        let d2 = vec4f(right(k2), right(k2 + 1u), right(k2 + 2u), right(k2 + 3u));
        let d3 = vec4f(right(k3), right(k3 + 1u), right(k3 + 2u), right(k3 + 3u));
        let to = (mine.row + r) * PITCH + mine.quad;
        right_tile[to] = vec4f(d0.x, d1.x, d2.x, d3.x);
        right_tile[to + PITCH] = vec4f(d0.y, d1.y, d2.y, d3.y);
        right_tile[to + 2u * PITCH] = vec4f(d0.z, d1.z, d2.z, d3.z);
        right_tile[to + 3u * PITCH] = vec4f(d0.w, d1.w, d2.w, d3.w);
      }
    }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let size = extent();
  let rows = size.x;
  let columns = size.y;
  let depth = size.z;
  let row = workgroup.y * LEFT_TILE;
  let column = workgroup.x * RIGHT_TILE;

  let left_stride = strides(LEFT_DEEP, rows, depth);
  let right_stride = strides(RIGHT_DEEP, columns, depth);
  let left_share = share_of(lane, LEFT_DEEP, left_stride);
  let right_share = share_of(lane, RIGHT_DEEP, right_stride);
  let down = lane / THREADS_ACROSS;
  let across = lane % THREADS_ACROSS;
  var sums: array<array<f32, MOST_COLUMNS>, MOST_ROWS>;
  let whole = depth / 4u;
  for (var k = 0u; k < whole; k += QUADS) {
    let quads = min(QUADS, whole - k);
    // no thread may overwrite what another still multiplies
    workgroupBarrier();
    copy_left(row * left_stride.x + 4u * k * left_stride.y, left_stride, left_share, quads);
    copy_right(column * right_stride.x + 4u * k * right_stride.y, right_stride, right_share, quads);
    workgroupBarrier();
    for (var q = 0u; q < quads; q++) {
      var b: array<vec4f, MOST_COLUMNS>;
      // @unroll
      for (var c = 0u; c < MOST_COLUMNS; c++) {
        if (c < THREAD_COLUMNS) {
          b[c] = right_tile[(across + c * THREADS_ACROSS) * PITCH + q];
        }
      }
      // @unroll
      for (var r = 0u; r < MOST_ROWS; r++) {
        if (r < THREAD_ROWS) {
          let a = left_tile[(down + r * THREADS_DOWN) * PITCH + q];
          // @unroll
          for (var c = 0u; c < MOST_COLUMNS; c++) {
            if (c < THREAD_COLUMNS) {
              sums[r][c] = add_products(sums[r][c], a, b[c]);
            }
          }
        }
      }
    }
  }

  // one depth at a time in the first place of each row
  for (var k = 4u * whole; k < depth; k++) {
    workgroupBarrier();
    for (var r = lane; r < LEFT_TILE; r += LANES) {
      left_tile[r * PITCH].x = left((row + r) * left_stride.x + k * left_stride.y);
    }
    for (var r = lane; r < RIGHT_TILE; r += LANES) {
      right_tile[r * PITCH].x = right((column + r) * right_stride.x + k * right_stride.y);
    }
    workgroupBarrier();
    var b: array<f32, MOST_COLUMNS>;
    // @unroll
    for (var c = 0u; c < MOST_COLUMNS; c++) {
      if (c < THREAD_COLUMNS) {
        b[c] = right_tile[(across + c * THREADS_ACROSS) * PITCH].x;
      }
    }
    // @unroll
    for (var r = 0u; r < MOST_ROWS; r++) {
      if (r < THREAD_ROWS) {
        let a = left_tile[(down + r * THREADS_DOWN) * PITCH].x;
        // @unroll
        for (var c = 0u; c < MOST_COLUMNS; c++) {
          if (c < THREAD_COLUMNS) {
            sums[r][c] += a * b[c];
          }
        }
      }
    }
  }

  let first_column = column + across;
  if (first_column >= columns) {
    return;
  }
  // Instead of a branch for each sum: where a thread's further columns are outside, it stores its first one again.
  var offsets: array<u32, MOST_COLUMNS>;
  var own: array<Column, MOST_COLUMNS>;
  // @unroll
  for (var c = 0u; c < MOST_COLUMNS; c++) {
    if (c < THREAD_COLUMNS) {
      offsets[c] = select(0u, c * THREADS_ACROSS, first_column + c * THREADS_ACROSS < columns);
      own[c] = column_at(first_column + offsets[c]);
    }
  }
  // @unroll
  for (var r = 0u; r < MOST_ROWS; r++) {
    let to_row = row + down + r * THREADS_DOWN;
    if (r < THREAD_ROWS && to_row < rows) {
      let i = to_row * columns + first_column;
      // @unroll
      for (var c = 0u; c < MOST_COLUMNS; c++) {
        if (c < THREAD_COLUMNS) {
          store(own[c], i + offsets[c], select(sums[r][c], sums[r][0], offsets[c] == 0u));
        }
      }
    }
  }
}
