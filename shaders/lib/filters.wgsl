// Which outputs (channels of y before SCATTER, see routes.wgsl) a thread of a convolution computes, and what becomes of their sums.
//
// As a rule all threads of a workgroup compute the same outputs at different pixels, so that a filter's weights are the same for all of them: their addresses
// are made from the workgroup's index and loop counters only. Compilers see that and load such a number once for a whole subgroup, into scalar registers.
// Where there are few pixels, they would leave most of a workgroup idle. Then its threads are divided: LANES for the pixels of one tile of outputs, as many for
// those of the next, and so on.
//
// Filters are dealt out to tiles of TILE_F and of one less, so that no number of filters leaves much undone: the first `full` tiles have TILE_F. In the others
// the last place computes something that is not stored; every other place needs no check.
//
// The shader that includes this binds y and what epilogue.wgsl and routes.wgsl ask for, and has in its Params cin, cout, yc and rc (channels of y and residual),
// tiles (of filters) and full.
#include "lib/epilogue.wgsl"
#include "lib/grid.wgsl"
#include "lib/routes.wgsl"

const WORKGROUP = 64u;
override LANES: u32 = WORKGROUP;
override TILE_F: u32 = 8;

// A thread's run of pixels, counted through all examples, and its tile.
struct Share {
  run: u32,
  tile: u32,
  // there is such a tile
  some: bool,
}

fn share_of(workgroup: vec3u, workgroups: vec3u, local: u32) -> Share {
  let part = linear_workgroup(workgroup.xzy, workgroups.xzy);
  if (LANES == WORKGROUP) {
    return Share(part * WORKGROUP + local, workgroup.y, true);
  }
  let tile = workgroup.y * (WORKGROUP / LANES) + local / LANES;
  return Share(part * LANES + local % LANES, tile, local / LANES < WORKGROUP / LANES && (SCATTER || tile < p.tiles));
}

struct Tile {
  first: u32,
  full: bool,
}

fn tile_of(index: u32) -> Tile {
  return Tile(index * (TILE_F - 1u) + min(index, p.full), index < p.full);
}

// What output o's sums get besides the bias, with which they begin, and where they go: channels of y and residual.
struct Output {
  epilogue: Epilogue,
  channel: u32,
  added: u32,
}

fn output_at(o: u32) -> Output {
  let channel = written_channel(o);
  let added = added_channel(o, channel);
  let e = Epilogue(0.0, slope_of(channel), !SHORTCUT || added >= 0);
  return Output(e, channel, u32(added));
}

// A thread's place in memory: pixel 0 of its image's channel 0 in y and in residual, and pixels in a plane.
struct Place {
  to: u32,
  added: u32,
  size: u32,
}

fn place_of(n: u32, size: u32) -> Place {
  return Place(n * p.yc * size, n * p.rc * size, size);
}

fn store(place: Place, output: Output, pixel: u32, sum: f32) {
  let added = place.added + pixel + output.added * place.size;
  y[place.to + pixel + output.channel * place.size] = Elem(finish(output.epilogue, sum, added));
}

// Whether a tile is of outputs that no filter writes, TILE_F of them: those tiles come after the filters'.
fn is_rest(index: u32) -> bool {
  return SCATTER && index >= p.tiles;
}

// Such outputs at one pixel.
fn store_rest(place: Place, index: u32, pixel: u32) {
  let first = p.cout + (index - p.tiles) * TILE_F;
  for (var o = first; o < min(first + TILE_F, p.yc); o++) {
    store(place, output_at(o), pixel, 0.0);
  }
}
