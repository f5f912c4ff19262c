/**
 * The Wasm module: walks a compiled program. A program is a list of pairs (opcode, pointer to the kernel's parameter block) in linear memory.
 * Any number of workers walk the same program side by side; each kernel computes the worker's share of the *outputs*, so the number of workers
 * never changes a bit of the result. Between two steps all workers meet at a barrier.
 *
 * The control block (see `src/backends/wasm/control.ts`) is shared by the host and all workers. Nothing here is static: every instance over
 * the same memory would write statics anew.
 */

import { Control } from "./generated/control";
import { dispatch } from "./generated/dispatch";

/** How often a waiting worker looks before it sleeps: about 50 µs, longer than most steps of a small network differ. */
const SPINS: i32 = 20000;

/**
 * Runs steps from … to − 1 as worker `worker` of `workers`, with `scratch` bytes of its own per worker. Returns the step at which it stopped:
 * `to`, or an earlier one if the host has raised the abort flag.
 */
export function run(control: Control, from: i32, to: i32, worker: i32): i32 {
  const workers = control.workers;
  const scratch = control.scratch + <usize>worker * control.scratchStride;
  for (let i = from; i < to; i++) {
    const step = control.program + ((<usize>i) << 3);
    dispatch(load<i32>(step), load<usize>(step, 4), worker, workers, scratch);
    if (workers > 1) {
      if (barrier(control, workers)) return i + 1;
    } else if (atomic.load<i32>(changetype<usize>(control), offsetof<Control>("abort"))) {
      return i + 1;
    }
  }
  return to;
}

/**
 * All workers wait for each other. The last one decides for all whether to stop, since the abort flag may be raised at any moment.
 * Workers spin before they sleep: a wake-up costs some 10 µs, a spin a fraction of one.
 */
function barrier(control: Control, workers: i32): bool {
  const at = changetype<usize>(control);
  const generation = atomic.load<i32>(at, offsetof<Control>("generation"));
  if (atomic.add<i32>(at, 1, offsetof<Control>("arrived")) == workers - 1) {
    atomic.store<i32>(at, 0, offsetof<Control>("arrived"));
    // a stop is marked by its generation, so that a worker which is late at this barrier cannot miss it or take it for another's
    if (atomic.load<i32>(at, offsetof<Control>("abort"))) atomic.store<i32>(at, generation + 1, offsetof<Control>("stop"));
    atomic.add<i32>(at, 1, offsetof<Control>("generation"));
    atomic.notify(at + offsetof<Control>("generation"), workers);
  } else {
    await_change(at + offsetof<Control>("generation"), generation);
  }
  return atomic.load<i32>(at, offsetof<Control>("stop")) == generation + 1;
}

/** Waits until the number at `at` is no longer `old`. */
function await_change(at: usize, old: i32): void {
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(at) != old) return;
  }
  while (atomic.load<i32>(at) == old) atomic.wait<i32>(at, old, -1);
}

/**
 * The life of a helping worker: waits for the host to raise `epoch`, runs the steps that the control block names, and waits again.
 * Returns when the host has set `quit`.
 */
export function serve(control: Control, worker: i32): void {
  const at = changetype<usize>(control);
  let epoch = 0;
  while (true) {
    await_change(at + offsetof<Control>("epoch"), epoch);
    epoch = atomic.load<i32>(at, offsetof<Control>("epoch"));
    if (atomic.load<i32>(at, offsetof<Control>("quit"))) return;
    run(control, control.from, control.to, worker);
  }
}
