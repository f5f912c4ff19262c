/** A record such as the main job leaves, drawn from a seed: the page's tests and looks need all of its parts, not its hours. */
import type { ArmHistory, CurvePoint, LayerFacts, SlopeHistory, ThresholdPoint, TourRecord } from "../../cli/tour/record.ts";
import { Random } from "../../training/random.ts";

const widths = { relu1: 16, relu2: 32, relu3: 64 };
const layerNames = Object.keys(widths) as (keyof typeof widths)[];
const total = Object.values(widths).reduce((a, b) => a + b, 0);

function curve(random: Random, epochs: number, start: number, end: number, gap: number): CurvePoint[] {
  return Array.from({ length: epochs }, (_, i) => {
    const loss = end + (start - end) * Math.exp(-i / 2.5) + random.normal(0, 0.004);
    const validationLoss = loss + gap * (i / epochs) + Math.abs(random.normal(0, 0.015));
    return { epoch: i + 1, loss, accuracy: 1 - loss / 2.9, validationLoss, validationAccuracy: 1 - validationLoss / 3 };
  });
}

/** Slopes that drift, or that a pull takes to zero unless they hold. */
function slopes(random: Random, epochs: number, pull: number): SlopeHistory[] {
  return layerNames.map((layer, depth) => {
    const filters = Array.from({ length: widths[layer] }, () => {
      const sign = random.uniform() < 0.5 ? -1 : 1;
      const start = random.truncatedNormal(1, Math.sqrt(3), 0.7, 1.428);
      const holds = random.uniform() > (pull > 0 ? 0.42 + 0.06 * depth : 0);
      const end = holds ? start * (pull > 0 ? 0.08 + 1.1 * random.uniform() ** 1.5 : 0.75 + 0.5 * random.uniform()) : 0;
      const speed = 0.15 + 0.25 * random.uniform();
      return Array.from({ length: epochs + 1 }, (_, i) => {
        if (!holds) return sign * Math.max(0, start - pull * speed * i);
        return sign * (end + (start - end) * Math.exp(-i / 4)) + random.normal(0, i === 0 ? 0 : 0.006);
      });
    });
    return { layer, values: Array.from({ length: epochs + 1 }, (_, i) => filters.map((values) => values[i] as number)) };
  });
}

const aliveOf = (history: SlopeHistory, threshold: number): number =>
  (history.values.at(-1) ?? []).filter((value) => Math.abs(value) > threshold).length;

/** The network with so many filters alive: multiply-adds, weights and times of its steps. */
function layersOf([a, b, c]: readonly [number, number, number], random: Random): LayerFacts[] {
  const step = (name: string, macs: number, weights: number, floor: number): LayerFacts => ({
    name,
    macs,
    bytes: 4 * weights,
    ms: floor + macs / 4e6 + random.uniform() * 0.001,
  });
  return [
    step("conv1", 784 * 9 * a, 10 * a, 0.01),
    step("pool1", 0, 0, 0.006),
    step("conv2", 196 * 9 * a * b, 9 * a * b + b, 0.008),
    step("pool2", 0, 0, 0.004),
    step("fc1", 49 * b * c, 49 * b * c + c, 0.002),
    step("fc2", 10 * c, 10 * c + 10, 0.001),
  ];
}

const sumOf = (layers: readonly LayerFacts[], of: (layer: LayerFacts) => number | undefined): number =>
  layers.reduce((sum, layer) => sum + (of(layer) ?? 0), 0);

const networkOf = (layers: readonly LayerFacts[], accuracy: number) => {
  const bytes = sumOf(layers, (layer) => layer.bytes);
  return { accuracy, params: bytes / 4, macs: sumOf(layers, (layer) => layer.macs), bytes: bytes + 4_312 };
};

export function sampleRecord(seed: number, epochs = 12): TourRecord {
  const random = new Random(seed);
  const threshold = 0.05;
  const histories: ArmHistory[] = [
    { name: "ReLU", points: curve(random, epochs, 0.95, 0.27, 0.06), slopes: [] },
    { name: "RReLU", points: curve(random, epochs, 1.02, 0.262, 0.07), slopes: slopes(random, epochs, 0) },
    { name: "RReLU + L1", points: curve(random, epochs, 1.1, 0.3, 0.04), slopes: slopes(random, epochs, 1) },
    { name: "from scratch", points: curve(random, epochs, 1.15, 0.34, 0.03), slopes: [] },
  ];
  const trained = histories[2]?.slopes ?? [];
  const survivorsAt = (at: number) => trained.map((layer) => aliveOf(layer, at)) as [number, number, number];
  const kept = survivorsAt(threshold);
  const dense = layersOf([16, 32, 64], random);
  const packed = layersOf(kept, random);
  const denseMacs = sumOf(dense, (layer) => layer.macs);
  const thresholds = [0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.45, 0.6, 0.8, 1].map((at): ThresholdPoint => {
    const alive = survivorsAt(at);
    const saved = 1 - sumOf(layersOf(alive, new Random(1)), (layer) => layer.macs) / denseMacs;
    const lost = Math.max(0, (at - 0.06) / 0.5);
    return { threshold: at, accuracy: Math.max(0.1, 0.883 - lost ** 1.5), savedMacs: saved, alive: alive.reduce((a, b) => a + b, 0) };
  });
  const densePart = networkOf(dense, 0.8846);
  const packedPart = networkOf(packed, 0.8829);
  const saved = (of: "params" | "macs" | "bytes"): number => 1 - packedPart[of] / densePart[of];
  const alive = (arm: number): number => (histories[arm]?.slopes ?? []).reduce((sum, layer) => sum + aliveOf(layer, threshold), 0);
  return {
    report: {
      dataset: { name: "Fashion-MNIST", train: 6000, validation: 1000, test: 10000 },
      arms: [
        { name: "ReLU", accuracy: 0.8861, aliveFilters: total, totalFilters: total },
        { name: "RReLU", accuracy: 0.8858, aliveFilters: alive(1), totalFilters: total },
        { name: "RReLU + L1", accuracy: 0.8846, aliveFilters: alive(2), totalFilters: total },
      ],
      dense: densePart,
      packed: packedPart,
      scratch: { accuracy: 0.8774 },
      saved: { params: saved("params"), macs: saved("macs"), bytes: saved("bytes") },
      difference: { value: -0.0032, low: -0.0081, high: 0.0017 },
      threshold,
      backends: {
        wasm: { dense: { msPerImage: 0.3184 }, packed: { msPerImage: 0.1743 }, ratio: { value: 1.827, low: 1.791, high: 1.863 } },
        webgpu: { unavailable: "this Node has no navigator.gpu" },
      },
      seed,
      machine: {
        cpu: "Example CPU @ 2.60GHz",
        cores: 2,
        engine: "Node.js v20.20.2",
        platform: "linux x64",
        date: "2026-03-01T09:30:00.000Z",
      },
      seconds: 191.6,
    },
    histories,
    thresholds,
    survivors: layerNames.map((layer, i) => ({ layer, alive: kept[i] as number, total: widths[layer] })),
    layers: { dense, packed },
  };
}
