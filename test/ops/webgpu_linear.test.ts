/** linear on WebGPU where there are no subgroups, and how matrix products are cut into tiles. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findAdapter } from "../../src/backends/webgpu/adapter.ts";
import { MAX_WORKGROUPS } from "../../src/backends/webgpu/grid.ts";
import { tileProduct } from "../../src/backends/webgpu/kernels/product.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { runCases } from "./harness.ts";
import { linearCases } from "./linear.cases.ts";

const few = linearCases.filter(({ shapes }) => (shapes.x?.[0] ?? 0) <= 5);

await describeWithAdapter("swiftshader", () => {
  let device: GPUDevice | undefined;
  beforeAll(async () => {
    device = await (await findAdapter())?.requestDevice();
  });
  afterAll(() => device?.destroy());

  it("the device has no subgroups", () => {
    expect(device?.features.has("subgroups")).toBe(false);
  });
  runCases("WebGPU without subgroups", () => webgpuTrainingBackend({ device }), few);
});

const SIZES = [1, 3, 7, 13, 16, 17, 64, 84, 120, 397, 1000, 1024, 50_000];

describe("tiles of a product", () => {
  const products = SIZES.flatMap((rows) => SIZES.flatMap((columns) => [1, 13, 16, 784].map((depth) => ({ rows, columns, depth }))));

  it.each([
    [true, true],
    [true, false],
    [false, false],
  ])("cover it within the limits of every device, the factors deep: %s, %s", (leftDeep, rightDeep) => {
    for (const product of products) {
      const { constants, grid } = tileProduct({ ...product, leftDeep, rightDeep }, MAX_WORKGROUPS);
      const { THREADS_DOWN = 0, THREADS_ACROSS = 0, THREAD_ROWS = 0, THREAD_COLUMNS = 0 } = constants;
      expect(THREADS_DOWN * THREADS_ACROSS).toBe(64);
      expect(Math.max(THREAD_ROWS, THREAD_COLUMNS)).toBeLessThanOrEqual(8);
      const [left, right] = [THREADS_DOWN * THREAD_ROWS, THREADS_ACROSS * THREAD_COLUMNS];
      expect(80 * (4 * Math.ceil(left / 4) + 4 * Math.ceil(right / 4))).toBeLessThanOrEqual(16_384);
      expect(left * grid[1]).toBeGreaterThanOrEqual(product.rows);
      expect(right * grid[0]).toBeGreaterThanOrEqual(product.columns);
      expect(Math.max(...grid)).toBeLessThanOrEqual(MAX_WORKGROUPS);
    }
  });

  it("large products read little for each multiply-add, whatever is odd about them", () => {
    for (const [rows, columns, depth] of [
      [128, 500, 784],
      [16, 1000, 512],
      [13, 1000, 512],
      [128, 117, 397],
      [64, 64, 128],
    ] as const) {
      const { THREAD_ROWS = 0, THREAD_COLUMNS = 0 } = tileProduct(
        { rows, columns, depth, leftDeep: true, rightDeep: true },
        MAX_WORKGROUPS,
      ).constants;
      expect((4 * THREAD_ROWS * THREAD_COLUMNS) / (THREAD_ROWS + THREAD_COLUMNS)).toBeGreaterThanOrEqual(8);
    }
  });

  it("grids that would be too long get larger tiles", () => {
    const { constants, grid } = tileProduct({ rows: 1, columns: 50_000, depth: 1, leftDeep: true, rightDeep: true }, 400);
    expect(grid[0]).toBeLessThanOrEqual(400);
    expect((constants.THREADS_ACROSS ?? 0) * (constants.THREAD_COLUMNS ?? 0) * grid[0]).toBeGreaterThanOrEqual(50_000);
  });
});
