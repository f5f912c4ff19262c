/** Milliseconds of each node: by the device's own timestamps where it has them, else by waiting for each node. */
import type { Faults } from "./faults.ts";
import type { Program } from "./program.ts";
import { MAP_READ, USAGE } from "./usage.ts";

/** For every node of the plan, in order; 0 for nodes without dispatches. */
export async function timeNodes(device: GPUDevice, faults: Faults, program: Program): Promise<number[]> {
  return device.features.has("timestamp-query") ? byTimestamps(device, faults, program) : byWaiting(device, faults, program);
}

/** Dispatches of one node, as [from, to). */
function rangesOf({ dispatches }: Program): { node: number; from: number; to: number }[] {
  const ranges: { node: number; from: number; to: number }[] = [];
  dispatches.forEach(({ node }, i) => {
    const last = ranges.at(-1);
    if (last?.node === node) last.to = i + 1;
    else ranges.push({ node, from: i, to: i + 1 });
  });
  return ranges;
}

function record(encoder: GPUCommandEncoder, program: Program, from: number, to: number, descriptor?: GPUComputePassDescriptor): void {
  const pass = encoder.beginComputePass(descriptor);
  for (const { pipeline, group, grid } of program.dispatches.slice(from, to)) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...grid);
  }
  pass.end();
}

/** A query set holds 4,096 timestamps at most. */
const NODES_PER_SET = 2048;

async function byTimestamps(device: GPUDevice, faults: Faults, program: Program): Promise<number[]> {
  const ms = new Array<number>(program.plan.nodes.length).fill(0);
  const all = rangesOf(program);
  for (let start = 0; start < all.length; start += NODES_PER_SET) {
    const ranges = all.slice(start, start + NODES_PER_SET);
    const count = 2 * ranges.length;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const resolved = device.createBuffer({ size: 8 * count, usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC });
    const staging = device.createBuffer({ size: 8 * count, usage: USAGE.MAP_READ | USAGE.COPY_DST });
    try {
      const encoder = device.createCommandEncoder();
      ranges.forEach(({ from, to }, i) => {
        const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
        record(encoder, program, from, to, { timestampWrites });
      });
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
      device.queue.submit([encoder.finish()]);
      await faults.guard(staging.mapAsync(MAP_READ));
      const ticks = new BigUint64Array(staging.getMappedRange());
      ranges.forEach(({ node }, i) => {
        // nanoseconds; clocks that are reset in between give a negative span
        ms[node] = Math.max(0, Number((ticks[2 * i + 1] ?? 0n) - (ticks[2 * i] ?? 0n)) / 1e6);
      });
      staging.unmap();
    } finally {
      querySet.destroy();
      resolved.destroy();
      staging.destroy();
    }
  }
  return ms;
}

async function byWaiting(device: GPUDevice, faults: Faults, program: Program): Promise<number[]> {
  const ms = new Array<number>(program.plan.nodes.length).fill(0);
  await faults.guard(device.queue.onSubmittedWorkDone());
  for (const { node, from, to } of rangesOf(program)) {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    record(encoder, program, from, to);
    device.queue.submit([encoder.finish()]);
    await faults.guard(device.queue.onSubmittedWorkDone());
    ms[node] = performance.now() - start;
  }
  return ms;
}
