import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { AbortedError, BackendError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { Session, writeModel } from "../../src/index.ts";
import { ops } from "../../src/ops/index.ts";
import { expectLogits, goldenImage, goldenLogits, goldenPath } from "./golden.ts";
import { heldBytes } from "./held_bytes.ts";

/** A network that takes long enough to be stopped on its way: `layers` convolutions of some 150 million multiply-adds each. */
function slowModel(layers: number): Uint8Array {
  const net = new GraphBuilder(ops);
  let x = net.input("image", ["N", 64, 64, 64]);
  const tensors: Record<string, Float32Array> = {};
  for (let i = 0; i < layers; i++) {
    const w = net.param(`conv${i}.weight`, [64, 64, 3, 3]);
    tensors[w] = new Float32Array(64 * 64 * 9).fill(1 / 576);
    x = net.add("relu", `relu${i}`, { x: net.add("conv2d", `conv${i}`, { x, w }, { padding: [1, 1, 1, 1] }) });
  }
  net.output(net.add("global_avg_pool", "mean", { x }));
  return writeModel({ graph: net.build(), tensors });
}

describe("runs of one session", () => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.load(goldenPath, { backend: "wasm" });
  });
  afterAll(() => session.dispose());
  afterEach(() => vi.restoreAllMocks());

  it("may overlap: each gets the outputs of its own inputs, in order", async () => {
    const order: number[] = [];
    const runs = Array.from({ length: 30 }, async (_, i) => {
      const which = i % 2;
      const { logits } = await session.run({ image: goldenImage.subarray(192 * which, 192 * (which + 1)) });
      order.push(i);
      expectLogits(logits, goldenLogits.slice(4 * which, 4 * which + 4));
    });
    await Promise.all(runs);
    expect(order).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it("give outputs that belong to the caller", async () => {
    const first = await session.run({ image: goldenImage });
    const before = [...(first.logits ?? [])];
    const second = await session.run({ image: goldenImage.map((x) => -x) });
    expect([...(first.logits ?? [])]).toEqual(before);
    expect(first.logits?.buffer).not.toBe(second.logits?.buffer);
    expect(first.logits?.buffer.byteLength).toBe(32);
    first.logits?.fill(Number.NaN);
    expectLogits((await session.run({ image: goldenImage })).logits);
    // the caller may hand them to another thread, which takes them away here
    structuredClone(second.logits, { transfer: [second.logits?.buffer as ArrayBuffer] });
    expectLogits((await session.run({ image: goldenImage })).logits);
  });

  it("leave the queue when aborted there, at once, and let the others be", async () => {
    const controller = new AbortController();
    const settled: string[] = [];
    const note = (name: string) => () => void settled.push(name);
    const before = session.run({ image: goldenImage });
    const doomed = session.run({ image: goldenImage }, { signal: controller.signal });
    const after = session.run({ image: goldenImage });
    doomed.then(note("done"), note("aborted"));
    after.then(note("after"));
    controller.abort(new Error("changed my mind"));
    const error = await doomed.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AbortedError);
    expect((error as Error).cause).toBe(controller.signal.reason);
    expectLogits((await before).logits);
    expectLogits((await after).logits);
    expect(settled).toEqual(["aborted", "after"]);
  });

  it("need no more memory after 10,000 times than after some hundred", async () => {
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    const batches = [goldenImage, goldenImage.subarray(0, 192)];
    const some = async (count: number) => {
      for (let i = 0; i < count; i++) await session.run({ image: batches[i % 2] as Float32Array });
    };
    await some(500);
    const before = await heldBytes();
    grow.mockClear();
    await some(10_000);
    expect(grow).not.toHaveBeenCalled();
    expect((await heldBytes()) - before).toBeLessThan(500_000);
  });

  it("need no more memory after 1,000 times with pictures, aborts and errors", async () => {
    const picture = { width: 20, height: 20, data: new Uint8Array(1600) };
    const some = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const { signal } = new AbortController();
        await session.run({ image: picture }, { signal });
        await session.run({ image: new Float32Array(1) }).catch(() => {});
        await session.run({ image: picture }, { signal: AbortSignal.abort() }).catch(() => {});
      }
    };
    await some(100);
    const before = await heldBytes();
    await some(1000);
    expect((await heldBytes()) - before).toBeLessThan(500_000);
  });
});

describe("a run under way", () => {
  it("stops between two steps when its signal fires, and the session goes on", async () => {
    using session = await Session.load(slowModel(12), { backend: "wasm", threads: 1 });
    const image = new Float32Array(64 ** 3).fill(1);
    const { mean } = await session.run({ image });
    const controller = new AbortController();
    const run = session.run({ image }, { signal: controller.signal });
    const next = session.run({ image });
    setTimeout(() => controller.abort(), 1);
    await expect(run).rejects.toThrow(AbortedError);
    expect((await next).mean).toEqual(mean);
    // a run that is not aborted gives the same, sliced or not
    expect((await session.run({ image }, { signal: new AbortController().signal })).mean).toEqual(mean);
  });

  it("ends with E_DISPOSED when the session is disposed, as do those behind it", async () => {
    const session = await Session.load(goldenPath);
    const runs = [session.run({ image: goldenImage }), session.run({ image: goldenImage }), session.profile({ image: goldenImage })];
    session.dispose();
    for (const run of runs) {
      const error = await run.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(BackendError);
      expect((error as BackendError).code).toBe("E_DISPOSED");
    }
  });
});

describe("sessions", () => {
  it("run side by side", async () => {
    const sessions = await Promise.all([1, 1, 2, 2].map((threads) => Session.load(goldenPath, { threads })));
    const results = await Promise.all(sessions.map((session) => session.run({ image: goldenImage })));
    for (const { logits } of results) expectLogits(logits);
    for (const session of sessions) session.dispose();
  });

  it("leave no memory behind when they are disposed", async () => {
    const some = async (count: number) => {
      for (let i = 0; i < count; i++) {
        using session = await Session.load(goldenPath, { backend: "wasm" });
        await session.run({ image: goldenImage });
      }
    };
    await some(10);
    const before = await heldBytes();
    await some(40);
    expect((await heldBytes()) - before).toBeLessThan(2_000_000);
  });
});
