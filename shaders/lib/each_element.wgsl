// The main function of shaders that compute each element by itself: which thread computes what of a box of pixels × channels × examples. Pixels are counted
// in items (lib/item.wgsl). The shader that includes this says the rest:
//
//   fn extent() -> vec3u                                     items of a plane, channels and examples of the box
//   fn channel_at(c: u32) -> Channel                         what belongs to a channel (a slope, an index); Channel is a type of the shader's own
//   fn plane_at(n: u32, c: u32, channel: Channel) -> Plane   where the channel's items start in memory; Plane is the shader's too
//   fn compute(channel: Channel, plane: Plane, i: u32) -> Value
//   fn store(plane: Plane, i: u32, v: Value)                 item i of the plane becomes v
//
// x  WIDTH threads along the items of a plane: neighbouring threads touch neighbouring items, which a GPU fetches together. Where a plane has more items than
//    the grid has threads, each goes on with a later one; what belongs to the channel it has loaded then.
// y  CHANNELS threads along channels, so that small planes share a workgroup.
// z  EXAMPLES threads along examples, for the same reason.
// So no thread divides to find its channel. The host chooses the constants by the shape (elementGrid in src/backends/webgpu/grid.ts).

override WIDTH: u32 = 64;
override CHANNELS: u32 = 1;
override EXAMPLES: u32 = 1;

@compute @workgroup_size(WIDTH, CHANNELS, EXAMPLES)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let size = extent();
  if (at.y >= size.y || at.z >= size.z) {
    return;
  }
  let channel = channel_at(at.y);
  let plane = plane_at(at.z, at.y, channel);
  for (var i = at.x; i < size.x; i += workgroups.x * WIDTH) {
    store(plane, i, compute(channel, plane, i));
  }
}
