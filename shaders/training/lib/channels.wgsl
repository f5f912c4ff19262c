// How workgroups go over the channels of [n, c, hw], for shaders that need sums over all but the channel. Pixels are counted in items (lib/item.wgsl): one
// number, or four where planes are whole items. Params hold n, c, hw and per_part.
//
// A channel has n · hw items, hw neighbours in each of n planes: item j stands at ((j / hw) · c + channel) · hw + j % hw. A workgroup takes CHANNELS
// neighbouring channels (its y, folded into z) and one part of their items (its x): per_part of them, fewer in the last part. THREADS threads share a
// channel: thread t takes the items t, t + THREADS, … of the part, so that threads side by side read neighbours in memory. They walk: the step to the
// item THREADS further on needs no division, only a carry where it leaves its plane.
//
// Images have CHANNELS = 1: neighbours in memory are pixels of one channel, and what belongs to the channel is loaded once for the whole workgroup.
// Where a plane is an item or a few, as in fully connected layers, neighbours are channels, and CHANNELS = 16.
#include "lib/item.wgsl"

override CHANNELS: u32 = 1;
override THREADS: u32 = 64;
// Numbers of an item.
override ITEM: u32 = 1;

// The channel of a thread with index `lane` among the workgroup's channels; c and more in the last workgroup.
fn channel_of(workgroup: vec3u, workgroups: vec3u, lane: u32) -> u32 {
  return (workgroup.z * workgroups.y + workgroup.y) * CHANNELS + lane;
}

struct Part {
  first: u32,
  // The item after its last one.
  end: u32,
}

fn part_of(workgroup: vec3u) -> Part {
  let first = workgroup.x * p.per_part;
  return Part(first, min(first + p.per_part, p.n * p.hw));
}

struct Place {
  // Index in [n, c, hw].
  at: u32,
  // Index in its plane.
  pixel: u32,
}

fn place_of(channel: u32, j: u32) -> Place {
  let plane = j / p.hw;
  let pixel = j - plane * p.hw;
  return Place((plane * p.c + channel) * p.hw + pixel, pixel);
}

// The step to the item THREADS further on.
struct Stride {
  at: u32,
  pixel: u32,
  // What is added to `at` where `pixel` leaves its plane: the other channels' planes in between.
  carry: u32,
}

fn stride_of() -> Stride {
  let planes = THREADS / p.hw;
  let pixel = THREADS - planes * p.hw;
  return Stride(planes * p.c * p.hw + pixel, pixel, (p.c - 1u) * p.hw);
}

fn next(place: Place, stride: Stride) -> Place {
  let pixel = place.pixel + stride.pixel;
  let leaves = pixel >= p.hw;
  return Place(place.at + stride.at + select(0u, stride.carry, leaves), select(pixel, pixel - p.hw, leaves));
}

// Four places at a time, so that four loads are under way together.
struct Four {
  at: vec4u,
  next: Place,
}

fn four_from(place: Place, stride: Stride) -> Four {
  let b = next(place, stride);
  let c = next(b, stride);
  let d = next(c, stride);
  return Four(vec4u(place.at, b.at, c.at, d.at), next(d, stride));
}

// Σ over the numbers of an item.
fn sum_of(v: Value) -> f32 {
  let s = vec4f(v);
  return select(s.x, (s.x + s.y) + (s.z + s.w), ITEM == 4u);
}

// Count of a channel's numbers.
fn numbers() -> f32 {
  return f32(p.n * p.hw * ITEM);
}
