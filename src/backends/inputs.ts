/** Checks of what callers hand to an executable, the same for every backend. Nothing is copied or allocated here. */
import { InputError } from "../errors.ts";
import { type AnyTensorData, type DType, type Graph, sizeOf, type Value } from "../graph/graph.ts";

interface BindOptions {
  /** Lets a Float64Array stand for any value. */
  readonly exact?: boolean;
}

const ARRAYS: Readonly<Record<DType, string>> = { f32: "Float32Array", i32: "Int32Array" };

/**
 * Checks a run's inputs against the graph's and returns the batch that their lengths say (1 if no input has a free batch).
 * Throws InputError E_INPUT for an input that is missing, unknown, of the wrong type or length, or of another batch than the others.
 */
export function bindInputs(
  graph: Pick<Graph, "values" | "inputs">,
  inputs: Readonly<Record<string, AnyTensorData>>,
  options: BindOptions = {},
): { batch: number } {
  const takes = (): string => graph.inputs.map((name) => describe(graph.values[name] as Value)).join("; ") || "none";
  for (const name of Object.keys(inputs)) {
    if (!graph.inputs.includes(name)) throw new InputError("E_INPUT", `the graph has no input "${name}"; its inputs are: ${takes()}`);
  }
  let first: { name: string; batch: number } | undefined;
  for (const name of graph.inputs) {
    const value = graph.values[name] as Value;
    const data = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (data === undefined) throw new InputError("E_INPUT", `input "${name}" is missing; the graph's inputs are: ${takes()}`);
    checkType(`input "${name}"`, value, data, options);
    if (value.shape[0] !== "N") {
      checkLength(`input "${name}"`, value, data);
      continue;
    }
    const perExample = sizeOf(value.shape.slice(1) as number[]);
    const batch = data.length / perExample;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new InputError(
        "E_INPUT",
        `input "${name}" has ${data.length} elements; expected ${perExample} for each example (${describe(value)})`,
      );
    }
    if (first && first.batch !== batch) {
      throw new InputError(
        "E_INPUT",
        `input "${name}" holds ${batch} examples, "${first.name}" holds ${first.batch}; give all inputs the same batch`,
      );
    }
    first ??= { name, batch };
  }
  return { batch: first?.batch ?? 1 };
}

/** The param or state `name`; throws InputError E_INPUT where the graph keeps no such value. */
export function persistentValue(graph: Pick<Graph, "values">, name: string): Value {
  const value = Object.hasOwn(graph.values, name) ? graph.values[name] : undefined;
  if (value?.role !== "param" && value?.role !== "state") {
    throw new InputError("E_INPUT", `"${name}" is no parameter or state of the graph; only those are kept between runs`);
  }
  return value;
}

/** Checks data for the param or state `name` and returns that value. Throws InputError E_INPUT for an unknown name, a wrong type or length. */
export function bindTensor(graph: Pick<Graph, "values">, name: string, data: AnyTensorData, options: BindOptions = {}): Value {
  const value = persistentValue(graph, name);
  checkType(`"${name}"`, value, data, options);
  checkLength(`"${name}"`, value, data);
  return value;
}

/** Checks the names of the values that a run is to read back. Throws InputError E_INPUT for one that the graph does not have. */
export function bindOutputs(graph: Pick<Graph, "values" | "outputs">, outputs: readonly string[] = graph.outputs): readonly string[] {
  for (const name of outputs) {
    if (!Object.hasOwn(graph.values, name)) {
      throw new InputError("E_INPUT", `the graph has no value "${name}" to read; its outputs are: ${graph.outputs.join(", ") || "none"}`);
    }
  }
  return outputs;
}

function describe(value: Value): string {
  return `"${value.name}", ${ARRAYS[value.dtype]} [${value.shape.join(", ")}]`;
}

function checkType(what: string, value: Value, data: unknown, options: BindOptions): void {
  // by tag and not by instanceof: arrays of other realms (frames, test sandboxes) are welcome
  const tag: string | undefined = ArrayBuffer.isView(data)
    ? (data as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    : undefined;
  if (tag === ARRAYS[value.dtype] || (options.exact && (tag === "Float64Array" || tag === "Float32Array"))) return;
  throw new InputError("E_INPUT", `${what} is ${tag ?? (data === null ? "null" : typeof data)}; expected ${ARRAYS[value.dtype]}`);
}

function checkLength(what: string, value: Value, data: AnyTensorData): void {
  const size = sizeOf(value.shape as number[]);
  if (data.length !== size) {
    throw new InputError("E_INPUT", `${what} has ${data.length} elements; expected ${size} ([${value.shape.join(", ")}])`);
  }
}
