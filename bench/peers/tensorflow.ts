/**
 * A packed network in plain TensorFlow.js, which wants pixels before channels (NHWC): weights are turned once, activations never but for a flatten.
 * Epilogues go into `tf.fused` where it has them (bias, ReLU), the rest are ops of their own, as somebody would write it by hand.
 */
import type * as Core from "@tensorflow/tfjs-core";
import type { Graph, Node, Tensors, Value } from "swivel-nn";

type Tf = typeof Core;
type Tensor = Core.Tensor;

export interface TensorflowModel {
  /** One input [N, C, H, W] as it lies in memory; the first output as numbers. */
  run(input: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

type Attrs = Readonly<Record<string, unknown>>;
const list = (attrs: Attrs, name: string): number[] => [...((attrs[name] as readonly number[] | undefined) ?? [])];

export function toTensorflow(tf: Tf, graph: Graph, tensors: Tensors): TensorflowModel {
  const [input = ""] = graph.inputs;
  const shapeOf = (name: string): number[] => (graph.values[name] as Value).shape as number[];
  const [, channels = 1, height = 1, width = 1] = shapeOf(input);
  const constants = new Map<string, Tensor>();

  /** A parameter in the layout that its reader wants. Made once. */
  const constant = (name: string, kind: "filters" | "depthwise" | "matrix" | "vector"): Tensor => {
    const key = `${name}:${kind}`;
    let tensor = constants.get(key);
    if (!tensor) {
      const shape = shapeOf(name);
      tensor = tf.tidy(() => {
        const raw = tf.tensor(tensors[name] as Float32Array, shape, "float32");
        if (kind === "filters") return tf.transpose(raw, [2, 3, 1, 0]);
        // [C, 1, KH, KW] → [KH, KW, C, 1]
        if (kind === "depthwise") return tf.transpose(raw, [2, 3, 0, 1]);
        if (kind === "matrix") return tf.transpose(raw, [1, 0]);
        return raw.clone();
      });
      // made within a run's tidy, to outlive it
      constants.set(key, tf.keep(tensor));
    }
    return tensor;
  };

  const slots: Record<string, (node: Node, value: (slot: string) => Tensor) => Tensor> = {
    conv2d(node, value) {
      const { attrs = {}, inputs } = node;
      const [, perGroup = 1] = shapeOf(inputs.w as string);
      const [top = 0, left = 0, bottom = 0, right = 0] = list(attrs, "padding");
      const strides = pair(list(attrs, "stride"));
      const dilations = pair(list(attrs, "dilation"));
      const gather = list(attrs, "gather");
      const scatter = list(attrs, "scatter");
      const read = gather.length > 0 ? tf.gather(value("x"), gather, 3) : value("x");
      // its fused convolutions pad alike on all sides; anything else is an op of its own
      const even = top === left && top === bottom && top === right;
      const x = (even ? read : tf.pad(read, [[0, 0], [top, bottom], [left, right], [0, 0]])) as Core.Tensor4D; // biome-ignore format: one line
      const pad = even ? top : 0;
      const bias = inputs.bias === undefined ? undefined : (constant(inputs.bias, "vector") as Core.Tensor1D);
      const activation =
        inputs.slope === undefined && inputs.residual === undefined && scatter.length === 0 ? activationOf(node) : "linear";
      const groups = Number(attrs.groups ?? 1);
      if (groups > 1 && perGroup > 1) throw new Error(`${node.name}: TensorFlow.js has no grouped convolution`);
      const w = constant(inputs.w as string, groups > 1 ? "depthwise" : "filters") as Core.Tensor4D;
      const options = { x, filter: w, strides, pad, dataFormat: "NHWC", dilations, bias, activation } as const;
      const y = groups > 1 ? tf.fused.depthwiseConv2d(options) : tf.fused.conv2d(options);
      const spread = scatter.length > 0 ? scattered(y, scatter, Number(attrs.channels)) : y;
      const shortcut = list(attrs, "shortcut");
      const residual = (): Tensor => (shortcut.length > 0 ? picked(value("residual"), shortcut) : value("residual"));
      return activation === "linear" ? epilogue(node, spread, residual) : spread;
    },
    linear(node, value) {
      const { inputs } = node;
      const bias = inputs.bias === undefined ? undefined : constant(inputs.bias, "vector");
      const activation = inputs.slope === undefined && inputs.residual === undefined ? activationOf(node) : "linear";
      const y = tf.fused.matMul({ a: value("x"), b: constant(inputs.w as string, "matrix"), bias, activation });
      return activation === "linear" ? epilogue(node, y, () => value("residual")) : y;
    },
    batch_norm({ attrs = {}, inputs }, value) {
      const vector = (slot: string): Core.Tensor1D => constant(inputs[slot] as string, "vector") as Core.Tensor1D;
      return tf.batchNorm(value("x"), vector("mean"), vector("var"), vector("beta"), vector("gamma"), Number(attrs.eps ?? 1e-5));
    },
    relu: (node, value) => sloped(node, tf.relu(value("x"))),
    relu6: (node, value) => sloped(node, tf.relu6(value("x"))),
    add: (_, value) => tf.add(value("a"), value("b")),
    mul: (_, value) => tf.mul(value("a"), value("b")),
    max_pool: ({ attrs = {} }, value) =>
      tf.maxPool(value("x") as Core.Tensor4D, pair(list(attrs, "kernel")), pair(list(attrs, "stride")), list(attrs, "padding")[0] ?? 0),
    avg_pool: ({ attrs = {} }, value) =>
      tf.avgPool(value("x") as Core.Tensor4D, pair(list(attrs, "kernel")), pair(list(attrs, "stride")), list(attrs, "padding")[0] ?? 0),
    global_avg_pool: (_, value) => tf.mean(value("x"), [1, 2], true),
    flatten(_, value) {
      const x = value("x");
      if (x.rank !== 4) return x;
      const [n = 1, h = 1, w = 1, c = 1] = x.shape;
      return tf.reshape(h * w > 1 ? tf.transpose(x, [0, 3, 1, 2]) : x, [n, h * w * c]);
    },
    pad_channels: ({ attrs = {} }, value) =>
      tf.pad(value("x"), [[0, 0], [0, 0], [0, 0], [Number(attrs.before ?? 0), Number(attrs.after ?? 0)]]), // biome-ignore format: one line
    gather_channels: ({ attrs = {} }, value) => tf.gather(value("x"), list(attrs, "index"), 3),
    scatter_add_channels({ attrs = {}, inputs }, value) {
      const y = scattered(value("x"), list(attrs, "index"), Number(attrs.channels));
      return inputs.base === undefined ? y : tf.add(value("base"), y);
    },
    concat: ({ inputs }, value) => tf.concat(Object.keys(inputs).map(value), 3),
    softmax: (_, value) => tf.softmax(value("x")),
  };

  /** Channels moved to where they belong among `count`, zeros elsewhere. */
  function scattered(x: Tensor, index: readonly number[], count: number): Tensor {
    const source = new Array<number>(count).fill(-1);
    index.forEach((to, from) => {
      source[to] = from;
    });
    return picked(x, source);
  }

  /** Channels by their indices; whatever is no channel of x is zero. */
  function picked(x: Tensor, index: readonly number[]): Tensor {
    const channels = x.shape[3] as number;
    const known = index.map((c) => (c < 0 || c >= channels ? channels : c));
    return tf.gather(tf.pad(x, [[0, 0], [0, 0], [0, 0], [0, 1]]), known, 3); // biome-ignore format: one line
  }

  function sloped({ inputs }: Node, y: Tensor): Tensor {
    return inputs.slope === undefined ? y : tf.mul(y, constant(inputs.slope, "vector"));
  }

  function epilogue(node: Node, sum: Tensor, residual: () => Tensor): Tensor {
    const y = node.inputs.residual === undefined ? sum : tf.add(sum, residual());
    const activation = activationOf(node);
    return sloped(node, activation === "linear" ? y : activation === "relu" ? tf.relu(y) : tf.relu6(y));
  }

  return {
    async run(data) {
      const y = tf.tidy(() => {
        const image = tf.tensor(data, [data.length / (channels * height * width), channels, height, width], "float32");
        const values = new Map<string, Tensor>([
          [input, channels === 1 ? tf.reshape(image, [-1, height, width, 1]) : tf.transpose(image, [0, 2, 3, 1])],
        ]);
        for (const node of graph.nodes) {
          const make = slots[node.op];
          if (!make) throw new Error(`${node.op} is not written down for TensorFlow.js`);
          const value = (slot: string): Tensor => {
            const name = node.inputs[slot] as string;
            return values.get(name) ?? stored(name);
          };
          values.set(node.outputs.y as string, make(node, value));
        }
        return values.get(graph.outputs[0] as string) as Tensor;
      });
      const numbers = (await y.data()) as Float32Array;
      y.dispose();
      return numbers;
    },
    dispose() {
      for (const tensor of constants.values()) tensor.dispose();
    },
  };

  /** A map that a cut left: [1, C, H, W]. */
  function stored(name: string): Tensor {
    const key = `${name}:map`;
    let tensor = constants.get(key);
    if (!tensor) {
      tensor = tf.tidy(() => tf.transpose(tf.tensor(tensors[name] as Float32Array, shapeOf(name), "float32"), [0, 2, 3, 1]));
      constants.set(key, tf.keep(tensor));
    }
    return tensor;
  }
}

const pair = (values: readonly number[]): [number, number] => [values[0] ?? 1, values[1] ?? values[0] ?? 1];

function activationOf({ attrs = {} }: Node): "linear" | "relu" | "relu6" {
  const { activation = "none" } = attrs as { activation?: string };
  return activation === "none" ? "linear" : (activation as "relu" | "relu6");
}
