// linear for few examples or few outputs (lib/vector.wgsl says what and how), where the device has subgroups: threads that run in step and can add up a number
// of each without memory or barriers. A team is a subgroup, however large that is. The host cannot know that size, so teams go on with later outputs until
// there are none.
enable subgroups;
// every thread of a subgroup has the same team, and so the same passes of the loop; the language cannot see that
diagnostic(off, subgroup_uniformity);
#include "lib/vector.wgsl"

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_size) size: u32,
  @builtin(subgroup_invocation_id) member: u32,
) {
  let teams = max(1u, LANES / size);
  let n = workgroup.y * EXAMPLES;
  for (var o = (workgroup.x * teams + lane / size) * OUTPUTS; o < p.cout; o += workgroups.x * teams * OUTPUTS) {
    let own = parts_of(member, size, o, n);
    // @unroll
    for (var r = 0u; r < MOST_OUTPUTS; r++) {
      // @unroll
      for (var e = 0u; e < MOST_EXAMPLES; e++) {
        if (r < OUTPUTS && e < EXAMPLES) {
          let sum = subgroupAdd(own[r * MOST_EXAMPLES + e]);
          // each member in turn, so that they store together where they are enough
          if (member == (r * EXAMPLES + e) % size) {
            store(o + r, n + e, sum);
          }
        }
      }
    }
  }
}
