/** A training step in jax-js on its Wasm backend, compiled as a whole by its `jit`. Arrays are owned there: whoever reads one last takes it. */
import type * as Jax from "@jax-js/jax";
import type { Node } from "swivel-nn";
import { EPS, learned, SGD, type TrainBatch, type TrainEngine, type TrainNetwork } from "./train_network.ts";

type Array = Jax.numpy.Array;
type Arrays = Record<string, Array>;

/** Throws Error where its Wasm backend does not start, or an op is not written down here. */
export async function jaxStep({ graph, tensors, input, classes }: TrainNetwork, { images, labels }: TrainBatch): Promise<TrainEngine> {
  const { init, defaultDevice, jit, lax, nn, numpy: np, tree, valueAndGrad } = await import("@jax-js/jax");
  if (!(await init("wasm")).includes("wasm")) throw new Error("jax-js' Wasm backend does not start here");
  defaultDevice("wasm");
  const batch = labels.length;
  /** A vector as it is joined with values of this rank. */
  const perChannel = (vector: Array, rank: number): Array => (rank === 4 ? vector.reshape([1, -1, 1, 1]) : vector);

  const ops: Record<string, (node: Node, read: (slot: string) => Array) => Array> = {
    conv2d({ attrs = {} }, read) {
      const [top = 0, left = 0, bottom = 0, right = 0] = (attrs.padding ?? []) as number[];
      return lax.convGeneralDilated(read("x"), read("w"), (attrs.stride ?? [1, 1]) as number[], [
        [top, bottom],
        [left, right],
      ]);
    },
    batch_norm({ attrs = {} }, read) {
      const x = read("x");
      const rank = x.shape.length;
      const axes = rank === 4 ? [0, 2, 3] : [0];
      const mean = np.mean(x.ref, axes, { keepdims: true });
      const centred = x.sub(mean);
      const variance = np.mean(centred.ref.mul(centred.ref), axes, { keepdims: true });
      const scale = np.reciprocal(np.sqrt(variance.add((attrs.eps ?? EPS) as number)));
      return centred
        .mul(scale)
        .mul(perChannel(read("gamma"), rank))
        .add(perChannel(read("beta"), rank));
    },
    relu({ inputs }, read) {
      const y = nn.relu(read("x"));
      return inputs.slope === undefined ? y : y.mul(perChannel(read("slope"), y.shape.length));
    },
    add: (_, read) => read("a").add(read("b")),
    // the shortcut of ResNets: every second pixel
    max_pool({ attrs = {} }, read) {
      const [kernel = 0] = attrs.kernel as number[];
      const [stride = 0] = attrs.stride as number[];
      const x = read("x");
      const [n = 1, c = 1, h = 1, w = 1] = x.shape;
      const windows = x.reshape([n, c, h / stride, stride, w / stride, stride]);
      if (kernel === 1) return windows.slice([], [], [], 0, [], 0);
      if (kernel === stride) return np.max(windows, [3, 5]);
      throw new Error("jax-js: windows that overlap are not written down here");
    },
    pad_channels({ attrs = {} }, read) {
      const pad: [number, number][] = [[0, 0], [attrs.before as number, attrs.after as number], [0, 0], [0, 0]]; // biome-ignore format: one line
      return np.pad(read("x"), pad);
    },
    global_avg_pool: (_, read) => np.mean(read("x"), [2, 3], { keepdims: true }),
    flatten(_, read) {
      return read("x").reshape([batch, -1]);
    },
    linear({ inputs }, read) {
      const y = np.matmul(read("x"), read("w").transpose());
      return inputs.bias === undefined ? y : y.add(read("bias"));
    },
  };

  /** Readers of each value, so that the last one takes it. */
  const readers = new Map<string, number>();
  for (const node of graph.nodes)
    for (const name of Object.values(node.inputs)) readers.set(name as string, (readers.get(name as string) ?? 0) + 1);

  const lossOf = (params: Arrays, x: Array, target: Array): Array => {
    const values = new Map<string, Array>([[graph.inputs[0] as string, x], ...Object.entries(params)]);
    const left = new Map(readers);
    for (const node of graph.nodes) {
      const op = ops[node.op];
      if (!op) throw new Error(`jax-js: ${node.op} is not written down here`);
      const read = (slot: string): Array => {
        const name = node.inputs[slot] as string;
        const value = values.get(name) as Array;
        left.set(name, (left.get(name) as number) - 1);
        return left.get(name) === 0 ? value : value.ref;
      };
      values.set(node.outputs.y as string, op(node, read));
    }
    const logits = values.get(graph.outputs[0] as string) as Array;
    return np.sum(nn.logSoftmax(logits, -1).mul(target)).mul(-1 / batch);
  };

  const step = jit((params: Arrays, velocity: Arrays, x: Array, target: Array) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(params), x, target) as unknown as [Array, Arrays];
    const next: { params: Arrays; velocity: Arrays } = { params: {}, velocity: {} };
    for (const name of Object.keys(params)) {
      const v = (velocity[name] as Array).mul(SGD.momentum).add(gradients[name] as Array);
      next.velocity[name] = v.ref;
      next.params[name] = (params[name] as Array).sub(v.mul(SGD.rate));
    }
    return { loss, ...next };
  });

  const names = learned(graph);
  const arrayOf = (name: string, data: Float32Array): Array => np.array(data.slice(), { shape: graph.values[name]?.shape as number[] });
  let params: Arrays = Object.fromEntries(names.map((name) => [name, arrayOf(name, tensors[name] as Float32Array)]));
  let velocity: Arrays = Object.fromEntries(names.map((name) => [name, np.zeros(graph.values[name]?.shape as number[])]));
  const x = np.array(images, { shape: [batch, input.channels, input.height, input.width] });
  const hot = Float32Array.from({ length: batch * classes }, (_, i) => Number(labels[Math.floor(i / classes)] === i % classes));
  const target = np.array(hot, { shape: [batch, classes] });
  return {
    async step() {
      const result = step(params, velocity, x.ref, target.ref) as { loss: Array; params: Arrays; velocity: Arrays };
      ({ params, velocity } = result);
      await Promise.all([...Object.values(params), ...Object.values(velocity)].map((array) => array.blockUntilReady()));
      return Number((await result.loss.data())[0]);
    },
    dispose() {
      for (const array of [...Object.values(params), ...Object.values(velocity), x, target]) array.dispose();
    },
  };
}
