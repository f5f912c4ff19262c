// linear for few examples or few outputs (lib/vector.wgsl says what and how), on every device: a team of TEAM threads of a workgroup tells each other its parts
// through workgroup memory. A workgroup has LANES / TEAM teams.
#include "lib/vector.wgsl"

// a power of two: OUTPUTS · EXAMPLES to LANES
override TEAM: u32 = 64;
override SUMS: u32 = OUTPUTS * EXAMPLES;
var<workgroup> parts: array<f32, LANES * SUMS>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let team = lane / TEAM;
  let member = lane % TEAM;
  let o = (workgroup.x * (LANES / TEAM) + team) * OUTPUTS;
  let n = workgroup.y * EXAMPLES;
  let own = parts_of(member, TEAM, o, n);
  // @unroll
  for (var r = 0u; r < MOST_OUTPUTS; r++) {
    // @unroll
    for (var e = 0u; e < MOST_EXAMPLES; e++) {
      if (r < OUTPUTS && e < EXAMPLES) {
        parts[(r * EXAMPLES + e) * LANES + lane] = own[r * MOST_EXAMPLES + e];
      }
    }
  }
  workgroupBarrier();
  // the first members add up one sum each, always in the same order
  if (member < SUMS) {
    var sum = 0.0;
    for (var k = 0u; k < TEAM; k++) {
      sum += parts[member * LANES + team * TEAM + k];
    }
    store(o + member / EXAMPLES, n + member % EXAMPLES, sum);
  }
}
