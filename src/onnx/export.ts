/** A model as an ONNX file. */
import { GraphError, InputError } from "../errors.ts";
import { type Graph, type Tensors, valuesOf } from "../graph/graph.ts";
import { verify } from "../graph/verify.ts";
import type { Model } from "../model/model.ts";
import { ops } from "../ops/index.ts";
import { networkOf, rounded } from "../passes/network.ts";
import { GraphWriter } from "./graph_writer.ts";
import { modelMessage, valueMessage } from "./messages.ts";

/** The operator sets that mean what our rules say, as the tests have it from a runtime. The oldest is understood by the most runtimes. */
const OPSETS = { oldest: 13, newest: 26 } as const;

/** Of `toOnnx`. */
export interface OnnxOptions {
  /** Version of ONNX's operator set, 13 (the default) to 26. */
  readonly opset?: number;
}

/**
 * The model as an ONNX file (one file, weights inside, float32). Inputs, outputs and tensors keep their names, the free batch is the symbol `N`.
 * Metadata: `preprocess` and `class_names` as JSON, each entry of `info` under `info.<key>`; training state stays behind. Packed or not makes no
 * difference to what it computes; a packed network has fewer nodes.
 *
 * Throws InputError E_OPTION for an opset out of range, E_INPUT for a tensor that is missing or of the wrong length; what `verify` throws,
 * GraphError E_UNKNOWN_OP for an op of training graphs among it; GraphError E_GRAPH for values that ONNX has no way to name or return; ModelError
 * E_TOO_LARGE beyond 2 GiB.
 */
export function toOnnx(model: Model, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const { opset = OPSETS.oldest } = options;
  if (!Number.isInteger(opset) || opset < OPSETS.oldest || opset > OPSETS.newest) {
    throw new InputError("E_OPTION", `opset ${opset}: choose an integer from ${OPSETS.oldest} to ${OPSETS.newest}`);
  }
  verify(model.graph, ops);
  const { graph, tensors } = networkOf(model.graph, model.tensors);
  checkNames(graph);
  return modelMessage(messagesOf(graph, rounded(tensors)), opset, metadataOf(model)).finish();
}

function messagesOf(graph: Graph, tensors: Tensors) {
  const { nodes, initializers } = new GraphWriter(graph, tensors);
  const message = (name: string) => {
    const { dtype, shape } = graph.values[name] as Graph["values"][string];
    return valueMessage(name, dtype, shape);
  };
  const between = valuesOf(graph, "temp").filter(({ name }) => !graph.outputs.includes(name));
  return {
    nodes,
    initializers,
    inputs: graph.inputs.map(message),
    outputs: graph.outputs.map(message),
    between: between.map(({ name }) => message(name)),
  };
}

function checkNames(graph: Graph): void {
  if (graph.outputs.length === 0) throw new GraphError("E_GRAPH", "the graph has no outputs; ONNX needs at least one");
  if (Object.hasOwn(graph.values, "")) {
    throw new GraphError("E_GRAPH", 'a value is named "", which in ONNX means an input left out; give it a name');
  }
}

function metadataOf({ preprocess, classNames, info = {} }: Model): Record<string, string> {
  return {
    ...(preprocess && { preprocess: JSON.stringify(preprocess) }),
    ...(classNames && { class_names: JSON.stringify(classNames) }),
    ...Object.fromEntries(Object.entries(info).map(([key, value]) => [`info.${key}`, value])),
  };
}
