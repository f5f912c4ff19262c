/** Grids reach over every item, within what WebGPU promises everywhere. */
import { describe, expect, it } from "vitest";
import { boxGrid, type Extent, elementGrid, linearGrid, MAX_WORKGROUPS } from "../../src/backends/webgpu/grid.ts";

const boxes: readonly Extent[] = [
  [1, 1, 1],
  [7, 7, 1280],
  [1, 64, 128],
  [1, 1, 70_000],
  [1, 70_000, 1],
  [12, 12, 6],
  [56, 56, 64],
  [64, 64, 70_000],
  [3, 5, 4_000_000],
  [64, 1, 200_000],
  [13, 4_000_000, 1],
  [10_000_000, 1, 1],
];

function expectAllowed(threads: readonly number[], grid: readonly number[]): void {
  const [x = 0, y = 0, z = 0] = threads;
  expect(x * y * z, "threads of a workgroup").toBeLessThanOrEqual(256);
  expect(z, "threads along z").toBeLessThanOrEqual(64);
  expect(Math.max(...grid), "workgroups of a dimension").toBeLessThanOrEqual(MAX_WORKGROUPS);
  for (const size of [...threads, ...grid]) expect(size).toBe(Math.max(1, Math.floor(size)));
}

describe("boxGrid", () => {
  it.each(boxes)("[%d, %d, %d]", (...box) => {
    const { threads, grid } = boxGrid(box);
    expectAllowed(threads, grid);
    box.forEach((items, axis) => {
      const [each, groups] = [threads[axis] as number, grid[axis] as number];
      expect(each * groups, "reached").toBeGreaterThanOrEqual(items);
      expect(each * (groups - 1), "without the last workgroup").toBeLessThan(items);
    });
  });
});

describe("elementGrid", () => {
  it.each([...boxes, [500_000_000, 1, 1] as const])("[%d, %d, %d]", (...box) => {
    const { constants, grid } = elementGrid(box);
    const threads = [constants.WIDTH, constants.CHANNELS, constants.EXAMPLES] as [number, number, number];
    expectAllowed(threads, grid);
    // threads go on with later items along x only
    for (const axis of [1, 2] as const) expect(threads[axis] * grid[axis]).toBeGreaterThanOrEqual(box[axis]);
  });

  it("gives each thread several items rather than a large GPU more workgroups than it can hold", () => {
    expect(elementGrid([500_000_000, 1, 1]).grid[0]).toBeLessThanOrEqual(1024);
    expect(elementGrid([64, 1, 1]).grid).toEqual([1, 1, 1]);
  });
});

describe("linearGrid", () => {
  it.each([1, 65_535, 65_536, 1_000_000])("%d workgroups", (count) => {
    const [x, y, z] = linearGrid(count);
    expect(x * y * z).toBeGreaterThanOrEqual(count);
    expect(Math.max(x, y, z)).toBeLessThanOrEqual(MAX_WORKGROUPS);
  });
});
