/** A graph with its numbers, as passes and cuts work on it: in float64 in between, rounded once at the end. */
import { GraphError, InputError } from "../errors.ts";
import { type AnyTensorData, type AnyTensors, type Graph, sizeOf, type TensorData, type Tensors, valuesOf } from "../graph/graph.ts";

export interface Network {
  readonly graph: Graph;
  /** The data of every `param` and `state` value, and of nothing else. What nothing has computed on is as it was, the rest float64. */
  readonly tensors: AnyTensors;
}

/**
 * Checks that there is a tensor for each `param` and `state` value, and leaves out all others. Throws InputError E_INPUT for one that is
 * missing or of the wrong length, GraphError E_GRAPH for values that share memory, as only training graphs have them.
 */
export function networkOf(graph: Graph, tensors: AnyTensors): Network {
  const own = valuesOf(graph, "param", "state").map(({ name, role, shape, view }) => {
    if (view) throw new GraphError("E_GRAPH", `"${name}" is a view of "${view.of}"; give the network's own graph, not a training graph`);
    const data = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!data) throw new InputError("E_INPUT", `no tensor for ${role} "${name}"; give all that the graph declares`);
    if (data.length !== sizeOf(shape as number[])) {
      throw new InputError("E_INPUT", `tensor "${name}" has ${data.length} numbers, the graph declares [${shape.join(", ")}]`);
    }
    return [name, data] as const;
  });
  return { graph, tensors: Object.fromEntries(own) };
}

/** The tensors as models hold them: whatever was computed in float64 rounded to float32. */
export function rounded(tensors: AnyTensors): Tensors {
  const round = (data: AnyTensorData): TensorData => (data instanceof Float64Array ? Float32Array.from(data) : data);
  return Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, round(data)]));
}
