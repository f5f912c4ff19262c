/** A training step in plain TensorFlow.js on its CPU backend: its Wasm backend lacks the gradients of convolutions. Pixels before channels (NHWC). */
import type * as Core from "@tensorflow/tfjs-core";
import type { Node } from "swivel-nn";
import { EPS, learned, SGD, type TrainBatch, type TrainEngine, type TrainNetwork } from "./train_network.ts";

type Tensor = Core.Tensor;

/** Throws Error for ops that are not written down here. */
export async function tensorflowStep(
  { graph, tensors, input, classes }: TrainNetwork,
  { images, labels }: TrainBatch,
): Promise<TrainEngine> {
  const tf = await import("@tensorflow/tfjs-core");
  // biome-ignore lint/style/noRestrictedImports: TensorFlow.js' gradients have no other address in this package
  await import("@tensorflow/tfjs-core/dist/register_all_gradients");
  await import("@tensorflow/tfjs-backend-cpu");
  if (!(await tf.setBackend("cpu"))) throw new Error("TensorFlow.js' CPU backend does not start here");
  const batch = labels.length;

  const ops: Record<string, (node: Node, read: (slot: string) => Tensor) => Tensor> = {
    conv2d({ attrs = {} }, read) {
      const [pad = 0] = (attrs.padding ?? []) as number[];
      return tf.conv2d(read("x") as Core.Tensor4D, read("w") as Core.Tensor4D, (attrs.stride ?? [1, 1]) as [number, number], pad);
    },
    batch_norm({ attrs = {} }, read) {
      const x = read("x");
      const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
      const eps = (attrs.eps ?? EPS) as number;
      return tf.batchNorm(x, mean as Core.Tensor1D, variance as Core.Tensor1D, read("beta") as Core.Tensor1D, read("gamma") as Core.Tensor1D, eps); // biome-ignore format: one line
    },
    relu: ({ inputs }, read) => (inputs.slope === undefined ? tf.relu(read("x")) : tf.mul(tf.relu(read("x")), read("slope"))),
    add: (_, read) => tf.add(read("a"), read("b")),
    max_pool: ({ attrs = {} }, read) =>
      tf.maxPool(read("x") as Core.Tensor4D, attrs.kernel as [number, number], attrs.stride as [number, number], 0),
    pad_channels: ({ attrs = {} }, read) => tf.pad(read("x"), [[0, 0], [0, 0], [0, 0], [attrs.before as number, attrs.after as number]]), // biome-ignore format: one line
    global_avg_pool: (_, read) => tf.mean(read("x"), [1, 2], true),
    flatten: (_, read) => tf.reshape(tf.transpose(read("x"), [0, 3, 1, 2]), [batch, -1]),
    linear({ inputs }, read) {
      const y = tf.matMul(read("x") as Core.Tensor2D, read("w") as Core.Tensor2D, false, true);
      return inputs.bias === undefined ? y : tf.add(y, read("bias"));
    },
  };

  const variables = new Map(
    learned(graph).map((name) => {
      const raw = tf.tensor(tensors[name] as Float32Array, graph.values[name]?.shape as number[]);
      return [name, tf.variable(raw.rank === 4 ? tf.transpose(raw, [2, 3, 1, 0]) : raw)] as const;
    }),
  );
  const x = tf.transpose(tf.tensor(images, [batch, input.channels, input.height, input.width]), [0, 2, 3, 1]);
  const target = tf.oneHot(tf.tensor1d(labels, "int32"), classes);
  const optimizer = tf.train.momentum(SGD.rate, SGD.momentum);

  const loss = (): Core.Scalar => {
    const values = new Map<string, Tensor>([[graph.inputs[0] as string, x], ...variables]);
    for (const node of graph.nodes) {
      const op = ops[node.op];
      if (!op) throw new Error(`TensorFlow.js: ${node.op} is not written down here`);
      const read = (slot: string): Tensor => values.get(node.inputs[slot] as string) as Tensor;
      values.set(node.outputs.y as string, op(node, read));
    }
    const logits = values.get(graph.outputs[0] as string) as Tensor;
    return tf.losses.softmaxCrossEntropy(target, logits) as Core.Scalar;
  };
  return {
    async step() {
      const value = optimizer.minimize(loss, true) as Core.Scalar;
      const [number = Number.NaN] = await value.data();
      value.dispose();
      return number;
    },
    dispose() {
      for (const variable of [...variables.values(), x, target]) variable.dispose();
      optimizer.dispose();
    },
  };
}
