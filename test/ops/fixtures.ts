/** What PyTorch says of the cases: written by `tools/fixtures/make_ops.py`, read here. */
import { readFileSync } from "node:fs";
import { sizeOf } from "../../src/graph/graph.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { type OpCase, title, valuesOf } from "./case.ts";
import { oneNode } from "./one_node.ts";

/**
 * Cases whose outputs together have more elements than this have no fixture: they differ from smaller ones in size only. Convolutions have most
 * of the geometry, and with it most of what can go wrong.
 */
const maxElements = (op: string): number => (op.startsWith("conv2d") ? 1800 : 450);

/** Nor have those with more inputs than this, even where the outputs are a few sums. */
const MAX_INPUTS = 20_000;

/** Outputs that PyTorch has no word on. */
export function withoutPeer(testCase: OpCase, slot: string): string | undefined {
  const { op, attrs = {}, shapes } = testCase;
  const perChannel = sizeOf(shapes.x ?? []) / (shapes.x?.[1] ?? 1);
  if ((op === "batch_norm_train" || (op === "batch_norm_grad" && !attrs.frozen)) && perChannel === 1) {
    return "PyTorch refuses to train a batch norm on one value per channel";
  }
  if (op === "sgd" && slot === "next_velocity" && valuesOf(testCase, "hyper")[1] === 0) return "without momentum PyTorch keeps no buffer";
  return undefined;
}

/** Small enough for a fixture. */
export function hasFixture(testCase: OpCase): boolean {
  const { graph, outputs } = oneNode(testCase);
  const slots = Object.entries(outputs);
  const batch = Math.max(1, ...Object.values(testCase.shapes).map((shape) => shape[0] ?? 1));
  const size = slots.reduce(
    (sum, [, name]) => sum + sizeOf((graph.values[name]?.shape ?? []).map((dim) => (dim === "N" ? batch : dim))),
    0,
  );
  const inputs = Math.max(0, ...Object.values(testCase.shapes).map(sizeOf));
  return size <= maxElements(testCase.op) && inputs <= MAX_INPUTS && slots.some(([slot]) => withoutPeer(testCase, slot) === undefined);
}

/** Sums a case up, so that fixtures made for other numbers are recognised. */
export function fingerprint(testCase: OpCase): string {
  let hash = 0x811c9dc5; // FNV-1a
  const text = JSON.stringify([title(testCase), testCase.attrs, testCase.shapes, testCase.outputs]);
  const data = Object.keys(testCase.shapes).map((slot) => new Uint8Array(valuesOf(testCase, slot).buffer));
  for (const bytes of [new TextEncoder().encode(text), ...data]) {
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/** Output slots of a case. */
export const outputSlots = (testCase: OpCase): string[] => [
  ...(testCase.outputs ?? Object.entries(trainingOps[testCase.op].outputs).flatMap(([slot, kind]) => (kind === "required" ? [slot] : []))),
];

export interface Fixtures {
  /** By `op: case/slot`, or `sequence name/step/slot`. */
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A safetensors file of F64 tensors, which models never hold and their reader refuses. */
export function readFixtures(name: string): Fixtures {
  const bytes = new Uint8Array(readFileSync(new URL(`../fixtures/ops/${name}`, import.meta.url)));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const data = bytes.slice(8 + length).buffer;
  const tensors = Object.entries(entries as Record<string, { shape: number[]; data_offsets: [number, number] }>).map(
    ([key, { shape, data_offsets }]) => [key, { shape, data: new Float64Array(data.slice(...data_offsets)) }] as const,
  );
  return { tensors: Object.fromEntries(tensors), metadata };
}
