/** How commands reach a device, told by one that only counts: real networks of this size would take minutes on a software adapter. */
import { describe, expect, it } from "vitest";
import type { Reading } from "../../src/backends/webgpu/device_memory.ts";
import { Faults } from "../../src/backends/webgpu/faults.ts";
import type { Program } from "../../src/backends/webgpu/program.ts";
import { Submissions } from "../../src/backends/webgpu/submission.ts";
import { AbortedError, BackendError } from "../../src/errors.ts";

/** `nodes` of a billion multiply-adds, each one dispatch. */
const program = (nodes: number): Program => {
  const all = Array.from({ length: nodes }, (_, node) => ({ node, macs: 1e9, steps: [0] }));
  return { plan: { nodes: all }, dispatches: all.map(({ node }) => ({ node, grid: [1, 1, 1] })) } as unknown as Program;
};

function countingDevice() {
  const submitted: number[] = [];
  const waiting: (() => void)[] = [];
  let lose: (info: { reason: string; message: string }) => void = () => {};
  let dispatches = 0;
  const pass = { setPipeline() {}, setBindGroup() {}, end() {}, dispatchWorkgroups: () => void dispatches++ };
  const device = {
    lost: new Promise((resolve) => {
      lose = resolve;
    }),
    addEventListener() {},
    createCommandEncoder: () => ({ beginComputePass: () => pass, finish() {} }),
    queue: {
      submit: () => {
        submitted.push(dispatches);
        dispatches = 0;
      },
      onSubmittedWorkDone: () => new Promise<void>((resolve) => waiting.push(resolve)),
    },
  } as unknown as GPUDevice;
  const done = () => waiting.shift()?.();
  return { submissions: new Submissions(device, new Faults(device, true)), submitted, done, lose };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("a large network", () => {
  it("is submitted in parts of some two billion multiply-adds, the outputs with the last, without waiting", async () => {
    const { submissions, submitted } = countingDevice();
    let copied = -1;
    const record = () => {
      copied = submitted.length;
    };
    const reading = { record } as unknown as Reading;
    await submissions.run(program(5), reading, undefined);
    expect(submitted).toEqual([2, 2, 1]);
    expect(copied).toBe(2);
  });

  it("waits between parts where there is a signal, and stops there when it fires", async () => {
    const { submissions, submitted, done } = countingDevice();
    const controller = new AbortController();
    const run = submissions.run(program(6), undefined, controller.signal).catch((error: unknown) => error);
    await turn();
    expect(submitted).toEqual([2]);
    done();
    await turn();
    expect(submitted).toEqual([2, 2]);
    controller.abort();
    done();
    expect(await run).toBeInstanceOf(AbortedError);
    expect(submitted).toEqual([2, 2]);
  });

  it("ends with E_DEVICE_LOST when the device goes between parts, though nothing settles", async () => {
    const { submissions, lose } = countingDevice();
    const run = submissions.run(program(6), undefined, new AbortController().signal).catch((error: unknown) => error);
    await turn();
    lose({ reason: "unknown", message: "the driver was reset." });
    expect(await run).toBeInstanceOf(BackendError);
    expect(String(await run)).toMatch(/E_DEVICE_LOST the GPU device was lost: the driver was reset; /);
  });
});

it("runs are given while the device works, but never more than three ahead", async () => {
  const { submissions, submitted, done } = countingDevice();
  const give = async () => {
    await submissions.turn();
    await submissions.run(program(1), undefined, undefined);
  };
  for (let i = 0; i < 3; i++) await give();
  const fourth = give();
  await turn();
  expect(submitted).toHaveLength(3);
  done();
  await fourth;
  expect(submitted).toHaveLength(4);
});

it("a network without a dispatch submits the copy of its outputs", async () => {
  const { submissions, submitted } = countingDevice();
  await submissions.run(program(0), undefined, undefined);
  expect(submitted).toEqual([0]);
});
