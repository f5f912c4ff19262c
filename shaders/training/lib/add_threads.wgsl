// Adds what the threads of a workgroup hold, in an order that never changes: float addition is not associative, and runs must repeat bit by bit.
// The shader that includes this says how many rounds there are: const ROUNDS.
//
// The workgroup has one job that all 64 threads share, or four that 16 share each. In a round each thread hands over 16 values: thread t's value v stands
// in row v, column t. Then four threads add each row, a quarter each, and leave the four results in `quarters`, where `total` finds them. Four jobs are
// dealt out to the threads so that each is a quarter.
//
// Larger rounds would have fewer barriers, but workgroup memory limits how many workgroups a processor can hold. Rows are four vec4 longer than they need
// be, so that threads that read at the same time read from different banks.

const THREADS = 64u;
const ROUND = 16u;
const PITCH = THREADS / 4u + 4u;

// threads that share a job: 64 or 16; or 1, which leaves nothing to be added
override LANES: u32 = 64;
override JOBS: u32 = THREADS / LANES;

var<workgroup> handed: array<vec4f, ROUND * PITCH>;
var<workgroup> quarters: array<vec4f, ROUNDS * ROUND>;

// Which of the workgroup's jobs is the thread's, and its place among those that share it.
fn job_of(thread: u32) -> u32 {
  return select(thread / 4u, thread, LANES == 1u) % JOBS;
}

fn lane_of(thread: u32) -> u32 {
  return select(thread, thread / 16u * 4u + thread % 4u, LANES == 16u) % LANES;
}

fn hand_over(thread: u32, v: u32, value: f32) {
  handed[v * PITCH + thread / 4u][thread % 4u] = value;
}

// After hand_over; all threads must call it.
fn add_round(thread: u32, round: u32) {
  workgroupBarrier();
  let row = thread / 4u;
  let quarter = thread % 4u;
  let at = row * PITCH + quarter;
  let sum = (handed[at] + handed[at + 4u]) + (handed[at + 8u] + handed[at + 12u]);
  quarters[round * ROUND + row][quarter] = (sum.x + sum.y) + (sum.z + sum.w);
  workgroupBarrier();
}

// The sum over a job's threads of value i % 16 of round i / 16, after that round.
fn total(job: u32, i: u32) -> f32 {
  let sum = quarters[i];
  return select((sum.x + sum.y) + (sum.z + sum.w), sum[job], LANES == 16u);
}
