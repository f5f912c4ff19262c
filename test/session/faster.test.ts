/** The choice between two backends that were both compiled, with a clock of the test's own. */
import { expect, it } from "vitest";
import type { Backend, Executable } from "../../src/backends/backend.ts";
import { AbortedError, BackendError } from "../../src/errors.ts";
import { mediansInTurns } from "../../src/measure.ts";
import { faster, type Place } from "../../src/placement.ts";

let time = 0;
const now = () => time;
const order: string[] = [];

/** A place whose runs take these milliseconds, one after another and then from the beginning. */
function placeOf(name: "wasm" | "webgpu", ...ms: number[]) {
  let runs = 0;
  const freed: string[] = [];
  const executable = {
    run: async () => {
      order.push(name);
      time += ms[runs++ % ms.length] as number;
      return {};
    },
    explain: () => ({ backend: name, adapter: name === "webgpu" ? "Acme 3000" : undefined }),
    dispose: () => void freed.push("executable"),
  } as unknown as Executable;
  const backend = { name, dispose: () => void freed.push("backend") } as unknown as Backend;
  const place: Place = { backend, executable, why: "" };
  return { place, executable, freed };
}

const FREED = ["executable", "backend"];

it.each([
  { gpu: [2], wasm: [10], chosen: "webgpu", why: "WebGPU on Acme 3000 takes 2.00 ms a run, WebAssembly 10.0 ms" },
  { gpu: [3.5], wasm: [0.25], chosen: "wasm", why: "WebAssembly takes 0.250 ms a run, WebGPU on Acme 3000 3.50 ms" },
  { gpu: [4], wasm: [4], chosen: "wasm", why: "WebAssembly takes 4.00 ms a run, WebGPU on Acme 3000 4.00 ms" },
  // a stumble now and then, and slow first runs, decide nothing
  {
    gpu: [900, 900, 1, 1, 1, 500, 1, 1, 1, 1, 1],
    wasm: [2],
    chosen: "webgpu",
    why: "WebGPU on Acme 3000 takes 1.00 ms a run, WebAssembly 2.00 ms",
  },
])("takes $chosen where a run takes $gpu ms on WebGPU and $wasm on Wasm, and frees the other", async ({ gpu, wasm, chosen, why }) => {
  const [onGpu, onWasm] = [placeOf("webgpu", ...gpu), placeOf("wasm", ...wasm)];
  const place = await faster(onGpu.place, onWasm.place, {}, { now });
  expect(place.why).toBe(why);
  expect(place.backend.name).toBe(chosen);
  const [kept, other] = chosen === "wasm" ? [onWasm, onGpu] : [onGpu, onWasm];
  expect(kept.freed).toEqual([]);
  expect(other.freed).toEqual(FREED);
});

it("runs in turns, for about a quarter of a second where runs are slow, and three turns at least", async () => {
  for (const [ms, turns] of [
    [0.1, 11],
    [40, 4],
    [5000, 3],
  ] as const) {
    order.length = 0;
    const [a, b] = [placeOf("webgpu", ms), placeOf("wasm", ms)];
    expect(await mediansInTurns([a.executable, b.executable], {}, { now })).toEqual([expect.closeTo(ms, 6), expect.closeTo(ms, 6)]);
    expect(order.slice(0, 4)).toEqual(["webgpu", "webgpu", "wasm", "wasm"]);
    expect(order.slice(4)).toEqual(Array.from({ length: turns }, () => ["webgpu", "wasm"]).flat());
  }
});

it("takes Wasm where a run fails on WebGPU", async () => {
  const [gpu, wasm] = [placeOf("webgpu", 1), placeOf("wasm", 1)];
  gpu.executable.run = () => Promise.reject(new BackendError("E_BACKEND", "the driver is in trouble; take another"));
  const place = await faster(gpu.place, wasm.place, {}, { now });
  expect(place).toMatchObject({ backend: { name: "wasm" }, why: "WebGPU failed: the driver is in trouble" });
  expect([gpu.freed, wasm.freed]).toEqual([FREED, []]);
});

it("frees both when the signal fires", async () => {
  const [gpu, wasm] = [placeOf("webgpu", 1), placeOf("wasm", 1)];
  const choice = faster(gpu.place, wasm.place, {}, { now, signal: AbortSignal.abort() });
  await expect(choice).rejects.toThrow(AbortedError);
  expect([gpu.freed, wasm.freed]).toEqual([FREED, FREED]);
});
