/** Commands on their way to the device: recorded, cut into submissions of bounded length, never too far ahead of what is done. */
import { AbortedError } from "../../errors.ts";
import type { Reading } from "./device_memory.ts";
import type { Faults } from "./faults.ts";
import type { Program } from "./program.ts";

/** Submissions that the device may be behind: more would only queue inputs. */
const MAX_AHEAD = 3;
/** A submission holds about this many multiply-adds, so that no driver takes a slow device for a hung one. */
const MACS_PER_SUBMISSION = 2e9;

export class Submissions {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #ahead: Promise<unknown>[] = [];

  constructor(device: GPUDevice, faults: Faults) {
    this.#device = device;
    this.#faults = faults;
  }

  /** Waits until the device is near enough to take another run. */
  async turn(): Promise<void> {
    while (this.#ahead.length >= MAX_AHEAD) await this.#faults.guard(this.#ahead.shift() as Promise<unknown>);
  }

  /** Submits what `commands` records. */
  give(commands: (encoder: GPUCommandEncoder) => void): void {
    this.#faults.watch(() => {
      const encoder = this.#device.createCommandEncoder();
      commands(encoder);
      this.#device.queue.submit([encoder.finish()]);
    });
  }

  /** All dispatches, and the copy of the outputs; with a signal it waits between submissions, so that an abort stops the rest with AbortedError. */
  async run(program: Program, reading: Reading | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { queue } = this.#device;
    const { length } = program.dispatches;
    for (let from = 0, to = -1; to < length; from = to) {
      to = submissionEnd(program, from);
      this.give((encoder) => {
        const pass = encoder.beginComputePass();
        for (const { pipeline, group, grid } of program.dispatches.slice(from, to)) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...grid);
        }
        pass.end();
        if (to === length) reading?.record(encoder);
      });
      if (signal && to < length) {
        await this.#faults.guard(queue.onSubmittedWorkDone());
        if (signal.aborted) throw new AbortedError("the run", { cause: signal.reason });
      }
    }
    const done = queue.onSubmittedWorkDone();
    done.catch(() => {});
    this.#ahead.push(done);
  }
}

/** The dispatch before which the next submission of about MACS_PER_SUBMISSION ends. */
function submissionEnd({ plan, dispatches }: Program, from: number): number {
  let macs = 0;
  let to = from;
  while (to < dispatches.length && macs < MACS_PER_SUBMISSION) {
    const node = plan.nodes[dispatches[to]?.node as number];
    macs += (node?.macs ?? 0) / Math.max(1, node?.steps.length ?? 1);
    to++;
  }
  return to;
}
