/**
 * Makes the golden model file of the current format version and the logits that it must give: `tsx tools/make-golden.ts`.
 * Run it once per format version; the files of older versions are never made anew.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { GraphBuilder } from "../src/graph/builder.ts";
import { type Graph, sizeOf, valuesOf } from "../src/graph/graph.ts";
import { type Model, writeModel } from "../src/model/model.ts";
import { ops } from "../src/ops/index.ts";
import { root } from "./entries.ts";

/** Numbers in [−1, 1) from a fixed sequence (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** A stem, a residual block and a classifier: conv, batch norm, rotated ReLU, residual add, pool, flatten, linear. */
export function goldenGraph(): Graph {
  const net = new GraphBuilder(ops);
  const convNorm = (x: string, name: string, from: number, to: number): string => {
    const w = net.param(`${name}.conv.weight`, [to, from, 3, 3]);
    const y = net.add("conv2d", `${name}.conv`, { x, w }, { padding: [1, 1, 1, 1] });
    const gamma = net.param(`${name}.bn.weight`, [to]);
    const beta = net.param(`${name}.bn.bias`, [to]);
    const mean = net.state(`${name}.bn.running_mean`, [to]);
    const variance = net.state(`${name}.bn.running_var`, [to]);
    return net.add("batch_norm", `${name}.bn`, { x: y, gamma, beta, mean, var: variance });
  };
  const rotated = (x: string, name: string, channels: number) =>
    net.add("relu", name, { x, slope: net.param(`${name}.slope`, [channels]) });

  const image = net.input("image", ["N", 3, 8, 8]);
  const stem = rotated(convNorm(image, "stem", 3, 5), "stem.relu", 5);
  const block = net.add("add", "block.add", { a: convNorm(stem, "block", 5, 5), b: stem });
  const pooled = net.add("max_pool", "pool", { x: rotated(block, "block.relu", 5) }, { kernel: [2, 2], stride: [2, 2] });
  const features = net.add("flatten", "flatten", { x: pooled });
  const w = net.param("fc.weight", [4, 80]);
  const bias = net.param("fc.bias", [4]);
  net.output(net.add("linear", "logits", { x: features, w, bias }));
  return net.build();
}

export function goldenModel(): Model {
  const graph = goldenGraph();
  const next = numbers(2);
  const tensors = valuesOf(graph, "param", "state").map(({ name, shape }) => {
    const size = sizeOf(shape as number[]);
    const scale = name.endsWith("weight") && shape.length > 1 ? 2 / Math.sqrt(size / (shape[0] as number)) : 1;
    const offset = /running_var|bn\.weight/.test(name) ? 1.5 : 0;
    return [name, Float32Array.from({ length: size }, () => offset + scale * next())] as const;
  });
  return {
    graph,
    tensors: Object.fromEntries(tensors),
    preprocess: { width: 8, height: 8, channels: 3, order: "RGB", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    classNames: ["circle", "square", "triangle", "Stern ☆"],
    info: { purpose: "every later version must read this file and compute these logits" },
  };
}

/** Two images, normalised already. */
export function goldenInput(): Float32Array {
  const next = numbers(3);
  return Float32Array.from({ length: 2 * 3 * 8 * 8 }, () => 2 * next());
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { ReferenceBackend } = await import("../src/reference/index.ts");
  const model = goldenModel();
  const executable = await new ReferenceBackend().compile(model.graph, { tensors: model.tensors });
  const image = goldenInput();
  const { logits } = executable.runExact({ image });
  const dir = join(root, "test", "fixtures", "golden");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "model-v1.safetensors"), writeModel(model));
  writeFileSync(join(dir, "model-v1.json"), `${JSON.stringify({ image: [...image], logits: [...(logits ?? [])] })}\n`);
}
