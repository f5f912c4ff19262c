// The main function of shaders that compute each element by itself: which thread computes which elements of a box of pixels × channels × examples. The
// shader that includes this says the rest:
//
//   fn extent() -> vec3u                                pixels, channels and examples of the box
//   fn channel_at(c: u32) -> Channel                    what belongs to a channel (a slope, an index); Channel is a type of the shader's own
//   fn plane_at(n: u32, c: u32, channel: Channel) -> Plane   where the channel's pixels start in memory; Plane too
//   fn compute(channel: Channel, plane: Plane, i: u32) -> f32
//   fn store(plane: Plane, i: u32, v: f32)              pixel i of the plane is v
//
// x  WIDTH threads along the pixels of a plane. Each takes PIXELS of them, WIDTH apart, so that in every load neighbouring threads read neighbouring
//    elements: a GPU fetches those together.
// y  CHANNELS threads along channels, so that planes of few pixels share a workgroup.
// z  EXAMPLES threads along examples. Where there are more examples than threads, each goes on with a later one: what belongs to the channel is then
//    loaded once for all of them.
// So no thread divides to find its channel. The host chooses the constants by the shape (elementGrid in src/backends/webgpu/grid.ts).

override WIDTH: u32 = 64;
override CHANNELS: u32 = 1;
override EXAMPLES: u32 = 1;
// 1 to MOST_PIXELS
override PIXELS: u32 = 4;
const MOST_PIXELS = 4u;

@compute @workgroup_size(WIDTH, CHANNELS, EXAMPLES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let size = extent();
  let c = workgroup.y * CHANNELS + local.y;
  if (c >= size.y) {
    return;
  }
  let channel = channel_at(c);
  let reach = WIDTH * PIXELS;
  for (var first = workgroup.x * reach + local.x; first < size.x; first += workgroups.x * reach) {
    for (var n = workgroup.z * EXAMPLES + local.z; n < size.z; n += workgroups.z * EXAMPLES) {
      let plane = plane_at(n, c, channel);
      // First all loads, then all stores: the loads wait for memory together. Those beyond the plane read something or other (WebGPU keeps them inside
      // the buffer), which nobody stores.
      var v: array<f32, MOST_PIXELS>;
      // @unroll
      for (var k = 0u; k < MOST_PIXELS; k++) {
        if (k < PIXELS) {
          v[k] = compute(channel, plane, first + k * WIDTH);
        }
      }
      // @unroll
      for (var k = 0u; k < MOST_PIXELS; k++) {
        let i = first + k * WIDTH;
        if (k < PIXELS && i < size.x) {
          store(plane, i, v[k]);
        }
      }
    }
  }
}
