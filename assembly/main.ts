/**
 * The Wasm module: walks a compiled program. A program is a list of pairs (opcode, pointer to the kernel's parameter block) in linear memory.
 *
 * With several workers each step has as many shares of its *outputs*, so the number of workers never changes a bit of the result. A worker does its own share
 * of each step, whose data its cache has, and then those that nobody has taken yet: a worker that comes late, or whose core is busy, keeps nobody waiting.
 * The last one to finish a share begins the next step.
 *
 * The control block (see `src/backends/wasm/control.ts`) is shared by the host and all workers. Nothing here is static: every instance over
 * the same memory would write statics anew.
 */

import { Control } from "./generated/control";
import { dispatch } from "./generated/dispatch";

/** How often a waiting worker looks before it sleeps: about a millisecond. Sleepers are woken late, and often on the core of the one who wakes them. */
const SPINS: i32 = 1000000;

/** Called by the host, which is worker 0: runs the control block's steps, one at least, or as many as are done when the host raises the abort flag. */
export function run(control: Control): void {
  publish(control, 1);
  serve(control, 0);
}

/** Does shares of steps: worker 0 until the run is over, helpers until the host has set `quit`. */
export function serve(control: Control, worker: i32): void {
  const at = changetype<usize>(control);
  while (true) {
    const generation = atomic.load<i32>(at, offsetof<Control>("generation"));
    const workers = control.workers;
    if (generation & 1 && worker < workers) {
      for (let i = 0; i < workers; i++) {
        const share = (worker + i) % workers;
        if (!take(at + ((<usize>share) << 2), generation)) continue;
        compute(control, share, worker);
        if (atomic.sub<i32>(at, 1, offsetof<Control>("left")) == 1) advance(control);
      }
    } else if (worker == 0) {
      return;
    }
    if (atomic.load<i32>(at, offsetof<Control>("quit"))) return;
    await_change(at, generation);
  }
}

/** True for one worker per share and generation, and for none once that is over: whoever takes a share may trust the control block until it is done. */
function take(at: usize, generation: i32): bool {
  const last = atomic.load<i32>(at, offsetof<Control>("taken"));
  return last - generation < 0 && atomic.cmpxchg<i32>(at, last, generation, offsetof<Control>("taken")) == last;
}

/** Computes a share of the step, in the worker's scratch memory. */
function compute(control: Control, share: i32, worker: i32): void {
  const step = control.program + ((<usize>control.step) << 3);
  dispatch(load<i32>(step), load<usize>(step, 4), share, control.workers, control.scratch + <usize>worker * control.scratchStride);
}

/** All shares are done: begins the next step, or ends the run. */
function advance(control: Control): void {
  const next = control.step + 1;
  if (next == control.to || atomic.load<i32>(changetype<usize>(control), offsetof<Control>("abort"))) {
    publish(control, 1);
  } else {
    control.step = next;
    publish(control, 2);
  }
}

/** Makes a new generation, and wakes who sleeps. */
function publish(control: Control, by: i32): void {
  const at = changetype<usize>(control);
  atomic.store<i32>(at, control.workers, offsetof<Control>("left"));
  atomic.add<i32>(at, by, offsetof<Control>("generation"));
  if (atomic.load<i32>(at, offsetof<Control>("sleepers"))) atomic.notify(at + offsetof<Control>("generation"), -1);
}

/** Waits until the generation is no longer `old`. */
function await_change(at: usize, old: i32): void {
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(at, offsetof<Control>("generation")) != old) return;
  }
  atomic.add<i32>(at, 1, offsetof<Control>("sleepers"));
  while (atomic.wait<i32>(at + offsetof<Control>("generation"), old, -1) != 1);
  atomic.sub<i32>(at, 1, offsetof<Control>("sleepers"));
}
