// Sums and maxima over a row that a team of TEAM neighbouring threads shares: member m reads the elements m, m + TEAM, …, then all members tell each other
// what they found. With short rows a team is one thread, and nothing is told. A workgroup has LANES / TEAM teams.
//
// All threads of a workgroup must call these together, also those of teams without a row. No tree: everybody adds up the members' parts, which stand side
// by side. They are few, and a barrier for every level of a tree would cost more. The order is fixed, so that a sum has the same bits on every run.

const LANES = 64u;
// a power of two
override TEAM: u32 = 1;

var<workgroup> parts: array<f32, LANES>;

fn share_part(part: f32, lane: u32) {
  // whoever still reads the parts before
  workgroupBarrier();
  parts[lane] = part;
  workgroupBarrier();
}

fn team_sum(part: f32, lane: u32) -> f32 {
  if (TEAM == 1u) {
    return part;
  }
  share_part(part, lane);
  let first = lane - lane % TEAM;
  var sum = 0.0;
  for (var i = 0u; i < TEAM; i++) {
    sum += parts[first + i];
  }
  return sum;
}

fn team_max(part: f32, lane: u32) -> f32 {
  if (TEAM == 1u) {
    return part;
  }
  share_part(part, lane);
  let first = lane - lane % TEAM;
  var largest = parts[first];
  for (var i = 1u; i < TEAM; i++) {
    largest = max(largest, parts[first + i]);
  }
  return largest;
}
