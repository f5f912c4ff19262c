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

// Copies a thread's share of a tile whose first element is `first`, if it is in the first `quads` quads. The loops have constant bounds, so that compilers
// write them out and all loads wait together; the first half of each condition is a constant too: where all rows are there, nobody asks.
fn left_four(i: u32) -> vec4f {
  return vec4f(left(i), left(i + 1u), left(i + 2u), left(i + 3u));
}

fn copy_left(first: u32, stride: vec2u, mine: Share, quads: u32) {
  if (mine.quad >= quads) {
    return;
  }
  let i = first + mine.start;
  if (LEFT_DEEP) {
    for (var r = 0u; r < LEFT_TILE; r += LANES / QUADS) {
      if (LEFT_TILE % (LANES / QUADS) == 0u || mine.row + r < LEFT_TILE) {
        left_tile[(mine.row + r) * PITCH + mine.quad] = left_four(i + r * stride.x);
      }
    }
  } else {
    for (var r = 0u; r < LEFT_TILE; r += LANES) {
      if (LEFT_TILE % LANES == 0u || mine.row + r < LEFT_TILE) {
        let k = i + r;
        let d = mat4x4f(left_four(k), left_four(k + stride.y), left_four(k + 2u * stride.y), left_four(k + 3u * stride.y));
        let turned = transpose(d);
        let to = (mine.row + r) * PITCH + mine.quad;
        left_tile[to] = turned[0];
        left_tile[to + PITCH] = turned[1];
        left_tile[to + 2u * PITCH] = turned[2];
        left_tile[to + 3u * PITCH] = turned[3];
      }
    }
  }
}

fn right_four(i: u32) -> vec4f {
  return vec4f(right(i), right(i + 1u), right(i + 2u), right(i + 3u));
}

fn copy_right(first: u32, stride: vec2u, mine: Share, quads: u32) {
  if (mine.quad >= quads) {
    return;
  }
  let i = first + mine.start;
  if (RIGHT_DEEP) {
    for (var r = 0u; r < RIGHT_TILE; r += LANES / QUADS) {
      if (RIGHT_TILE % (LANES / QUADS) == 0u || mine.row + r < RIGHT_TILE) {
        right_tile[(mine.row + r) * PITCH + mine.quad] = right_four(i + r * stride.x);
      }
    }
  } else {
    for (var r = 0u; r < RIGHT_TILE; r += LANES) {
      if (RIGHT_TILE % LANES == 0u || mine.row + r < RIGHT_TILE) {
        let k = i + r;
        let d = mat4x4f(right_four(k), right_four(k + stride.y), right_four(k + 2u * stride.y), right_four(k + 3u * stride.y));
        let turned = transpose(d);
        let to = (mine.row + r) * PITCH + mine.quad;
        right_tile[to] = turned[0];
        right_tile[to + PITCH] = turned[1];
        right_tile[to + 2u * PITCH] = turned[2];
        right_tile[to + 3u * PITCH] = turned[3];
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
  let all = (depth + 3u) / 4u;
  for (var k = 0u; k < all; k += QUADS) {
    let quads = min(QUADS, all - k);
    // no thread may overwrite what another still multiplies
    workgroupBarrier();
    copy_left(row * left_stride.x + 4u * k * left_stride.y, left_stride, left_share, quads);
    copy_right(column * right_stride.x + 4u * k * right_stride.y, right_stride, right_share, quads);
    workgroupBarrier();
    for (var q = 0u; q < min(QUADS, whole - k); q++) {
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

  // what the last tile has of a quad that is not whole
  for (var k = 4u * whole; k < depth; k++) {
    let q = whole % QUADS;
    var b: array<f32, MOST_COLUMNS>;
    // @unroll
    for (var c = 0u; c < MOST_COLUMNS; c++) {
      if (c < THREAD_COLUMNS) {
        b[c] = right_tile[(across + c * THREADS_ACROSS) * PITCH + q][k % 4u];
      }
    }
    // @unroll
    for (var r = 0u; r < MOST_ROWS; r++) {
      if (r < THREAD_ROWS) {
        let a = left_tile[(down + r * THREADS_DOWN) * PITCH + q][k % 4u];
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
