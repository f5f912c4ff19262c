// Gradient by the weights of a 1×1 convolution without padding:
//   dw[o, c'] = Σ_n Σ_i dy[n, o, i] · picked[n, c, i]
//
// picked [N, cin, pixels]: x, or of a convolution with a stride the pixels of x that it reads (conv2d_dw_pick.wgsl); dy [N, cout, pixels];
// dw [cout, cin/groups], c' the channel within its group.
//
// A product of matrices whose long side, the pixels of the batch, is summed over. A tile of TILE_O filters × TILE_C channels is a job. A thread keeps the
// tile's sums in registers and takes runs of RUN = 4 pixels: TILE_O runs of dy and TILE_C of x give 4 · TILE_O · TILE_C multiply-adds. How many threads share
// the runs of a job (LANES) depends on how many there are: 64; 16, since a thread should have enough to do that adding up the threads' sums costs little;
// or 1, which leaves nothing to be added, but reads from everywhere.
//
// Where jobs are too few to keep a GPU busy, several workgroups share each: every part writes its own copy of the sums, and conv2d_dw_add.wgsl adds the
// copies. Who adds what to what follows from the shapes alone.

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  // of an image
  pixels: u32,
  // of an image: runs, of which the first `wide` have RUN pixels, the others one less
  runs: u32,
  wide: u32,
  parts: u32,
  // of a group: filters, channels, and the tiles that each are dealt out to: the first `full` have TILE_O or TILE_C of them, the others one less
  groups: u32,
  filters: u32,
  channels: u32,
  tiles_o: u32,
  full_o: u32,
  tiles_c: u32,
  full_c: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> picked: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
// [parts, cout, channels]
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

#include "lib/grid.wgsl"
const ROUNDS = 8u;
#include "training/lib/add_threads.wgsl"

const MOST_O = 16u;
const MOST_C = 8u;
override TILE_O: u32 = 8;
override TILE_C: u32 = 8;
// 4, or fewer where images have fewer pixels
override RUN: u32 = 4;
// all runs have RUN pixels
override WHOLE: bool = false;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let jobs = p.groups * p.tiles_o * p.tiles_c;
  let first = linear_workgroup(workgroup, workgroups) * JOBS;
  if (first >= jobs * p.parts) {
    return;
  }
  let job = job_of(thread);
  let lane = lane_of(thread);
  // threads without a job of their own do the last one too, and do not store it
  let index = min(first + job, jobs * p.parts - 1u);
  let part = index / jobs;
  let block = index % jobs;
  let tile_c = block % p.tiles_c;
  let tile_o = block / p.tiles_c % p.tiles_o;
  let group = block / p.tiles_c / p.tiles_o;
  let c0 = group * p.channels + tile_c * (TILE_C - 1u) + min(tile_c, p.full_c);
  let o0 = group * p.filters + tile_o * (TILE_O - 1u) + min(tile_o, p.full_o);

  // filter o, channel c: sums[8 o + c]
  var sums: array<f32, MOST_O * MOST_C>;
  // A thread takes every stride-th run of the batch. Stepping from one to the next needs no division.
  let stride = p.parts * LANES;
  let step_n = stride / p.runs;
  let step_run = stride % p.runs;
  var n = (part * LANES + lane) / p.runs;
  var run = (part * LANES + lane) % p.runs;
  while (n < p.n) {
    let start = run * (RUN - 1u) + min(run, p.wide);
    let all = WHOLE || run < p.wide;
    let picked_at = (n * p.cin + c0) * p.pixels + start;
    let dy_at = (n * p.cout + o0) * p.pixels + start;
    // what is read behind a run's last pixel meets a 0 of dy
    var pixels: array<vec4f, MOST_C>;
    // @unroll
    for (var c = 0u; c < MOST_C; c++) {
      if (c < TILE_C) {
        let at = picked_at + c * p.pixels;
        pixels[c] = vec4f(picked[at], picked[at + 1u], picked[at + 2u], picked[at + 3u]);
      }
    }
    // @unroll
    for (var o = 0u; o < MOST_O; o++) {
      if (o < TILE_O) {
        let at = dy_at + o * p.pixels;
        var gradients: vec4f;
        // @unroll
        for (var k = 0u; k < 4u; k++) {
          if (k < RUN) {
            gradients[k] = select(0.0, dy[at + k], k + 1u < RUN || all);
          }
        }
        // @unroll
        for (var c = 0u; c < MOST_C; c++) {
          if (c < TILE_C) {
            // @unroll
            for (var k = 0u; k < 4u; k++) {
              if (k < RUN) {
                sums[o * MOST_C + c] += gradients[k] * pixels[c][k];
              }
            }
          }
        }
      }
    }
    n += step_n;
    run += step_run;
    if (run >= p.runs) {
      run -= p.runs;
      n++;
    }
  }

  let to = (part * p.cout + o0) * p.channels + c0 - group * p.channels;
  if (LANES == 1u) {
    if (first + job < jobs * p.parts) {
      // @unroll
      for (var o = 0u; o < MOST_O; o++) {
        if (o + 1u < TILE_O || (o + 1u == TILE_O && tile_o < p.full_o)) {
          // @unroll
          for (var c = 0u; c < MOST_C; c++) {
            if (c + 1u < TILE_C || (c + 1u == TILE_C && tile_c < p.full_c)) {
              parts[to + o * p.channels + c] = sums[o * MOST_C + c];
            }
          }
        }
      }
    }
    return;
  }
  // a round takes two filters
  // @unroll
  for (var round = 0u; round < ROUNDS; round++) {
    if (2u * round < TILE_O) {
      // @unroll
      for (var v = 0u; v < ROUND; v++) {
        if (2u * round + v / MOST_C < TILE_O && v % MOST_C < TILE_C) {
          hand_over(thread, v, sums[round * ROUND + v]);
        }
      }
      add_round(thread, round);
    }
  }
  if (first + job >= jobs * p.parts) {
    return;
  }
  for (var i = lane; i < TILE_O * MOST_C; i += LANES) {
    let o = i / MOST_C;
    let c = i % MOST_C;
    if ((o + 1u < TILE_O || tile_o < p.full_o) && (c + 1u < TILE_C || (c + 1u == TILE_C && tile_c < p.full_c))) {
      parts[to + o * p.channels + c] = total(job, i);
    }
  }
}
