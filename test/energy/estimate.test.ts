import { describe, expect, it } from "vitest";
import { estimateEnergy } from "../../energy/estimate/estimate.ts";
import { ENERGY_TABLES } from "../../energy/estimate/table.ts";
import { optimize } from "../../src/passes/index.ts";
import { Random } from "../../src/random.ts";
import { webgpuDispatches } from "../../training/backends/webgpu_dispatches.ts";
import { Net } from "../../training/net.ts";

const build = (width: number, side = 8) => {
  const { graph, init } = new Net({ channels: 1, height: side, width: side }).conv(width, 3).relu().flatten().linear(10).build();
  return { graph, tensors: init(new Random(1)) };
};

describe("an estimate", () => {
  it("is multiply-adds and bytes times the table, by hand", async () => {
    const { nodes, low, high, level, kind } = await estimateEnergy(build(2));
    expect(kind).toBe("estimate");
    const [conv, flatten, linear] = ["conv2d", "flatten", "linear"].map((op) => nodes.find((node) => node.op === op));
    // image 64, filters 18; the map 2·6·6; biases that are zero are left out when a model is loaded
    expect(conv).toMatchObject({ macs: 2 * 36 * 9, bytesRead: 4 * (64 + 18), bytesWritten: 4 * 72 });
    expect(flatten ?? { bytesRead: 0, bytesWritten: 0 }).toMatchObject({ bytesRead: 0, bytesWritten: 0 });
    expect(linear).toMatchObject({ macs: 720, bytesRead: 4 * (72 + 720), bytesWritten: 40 });
    expect(level).toBe("cache of 8 kB");
    const bytes = 4 * (64 + 18 + 72 + 72 + 720 + 10);
    expect(low).toBeCloseTo(1e-12 * ((648 + 720) * 4.6 + (bytes / 8) * 10), 20);
    expect(high).toBe(low);
  });

  it("takes memory by what the network touches: DRAM with its range", async () => {
    const { level, low, high } = await estimateEnergy(build(64, 32));
    expect(level).toBe("DRAM");
    expect(high).toBeGreaterThan(1.5 * low);
  });

  it("counts on WebGPU what the dispatches bind", async () => {
    const model = build(4);
    const { nodes } = await estimateEnergy(model, { backend: "webgpu" });
    const { dispatches } = webgpuDispatches(optimize(model.graph, model.tensors).graph);
    for (const { name, bytesWritten } of nodes) {
      const written = dispatches.filter(({ node }) => node === name).flatMap(({ bindings }) => bindings.filter(({ writes }) => writes));
      expect(bytesWritten).toBe(written.reduce((sum, { bytes }) => sum + bytes, 0));
    }
  });

  it("has the figures of its source", () => {
    expect(ENERGY_TABLES.horowitz2014).toMatchObject({
      multiply: 3.7,
      add: 0.9,
      source: expect.stringMatching(/Horowitz.*ISSCC 2014.*45 nm/),
    });
  });
});
