/**
 * The model file: a safetensors file whose tensors carry PyTorch's names, with the graph, the input's preprocessing and the class names as JSON in
 * `__metadata__.swivel`. A checkpoint is the same with the training's own tensors and metadata beside them.
 */
import { ModelError } from "../errors.ts";
import { type Graph, sizeOf, type Tensors, valuesOf } from "../graph/graph.ts";
import type { OpTable } from "../graph/op.ts";
import { isOptimized, markOptimized, PASSES } from "../graph/optimized.ts";
import { verify } from "../graph/verify.ts";
import { ops } from "../ops/index.ts";
import { entries, list, parseJson, quote, record, show, text } from "./json.ts";
import { readGraph } from "./parse_graph.ts";
import { checkPreprocess, type Preprocess } from "./preprocess.ts";
import {
  readSafetensors,
  type Safetensors,
  type StoredTensor,
  type TensorToStore,
  type WriteOptions,
  writeSafetensors,
} from "./safetensors.ts";

/** What a checkpoint holds beside the network. Names must not be those of the network's tensors, nor the metadata key `swivel`. */
export interface TrainingState {
  readonly tensors: Readonly<Record<string, TensorToStore>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a model file holds. */
export interface Model {
  readonly graph: Graph;
  /** Data of every `param` and `state` value. */
  readonly tensors: Tensors;
  readonly preprocess?: Preprocess;
  /** One for each element of the first output. */
  readonly classNames?: readonly string[];
  /** Anything worth keeping with the model: where it comes from, its accuracy. */
  readonly info?: Readonly<Record<string, string>>;
  /** Present in checkpoints. */
  readonly training?: TrainingState;
}

/** The newest format version that this code reads, and the one that it writes. */
const VERSION = 1;
const KEY = "swivel";
/** Deeper than any version 1 document, so that a newer file gets as far as its version. */
const MAX_DEPTH = 32;
const MAX_LIST = 65_536;
const MAX_INFO = 1_024;
const MAX_INFO_TEXT = 65_536;

/**
 * Reads a model file or checkpoint. The tensors may lie in the file's own memory. Throws ModelError (E_TRUNCATED, E_TOO_LARGE, E_FORMAT,
 * E_VERSION, E_NOT_FINITE, E_NOT_FOUND or E_SHAPE for a tensor that the graph needs), and what `verify` throws: GraphError, ShapeError.
 */
export function readModel(file: Uint8Array | ArrayBuffer, table: OpTable = ops): Model {
  const stored = readSafetensors(file);
  const { [KEY]: document, ...metadata } = stored.metadata;
  if (document === undefined) {
    throw new ModelError(
      "E_FORMAT",
      `this safetensors file holds tensors only, no Swivel graph; give its weights to a network with "swivel init --weights"`,
    );
  }
  const json = parseJson(document, "the model's description", MAX_DEPTH) as Record<string, unknown> | null;
  const version = json?.version;
  if (!Number.isInteger(version) || (version as number) < 1)
    throw new ModelError("E_FORMAT", `the model's version is ${show(version)}; expected a number`);
  if ((version as number) > VERSION) {
    throw new ModelError(
      "E_VERSION",
      `the model has format version ${version}, written by a newer Swivel; this one reads up to ${VERSION}: update swivel-nn`,
    );
  }
  const fields = record(json, "the model's description", [
    "version",
    "graph",
    "passes?",
    "preprocess?",
    "classNames?",
    "info?",
    "training?",
  ]);
  const graph = readGraph(fields.graph, table);
  if (fields.passes === PASSES) markOptimized(graph);
  const extra =
    fields.training === undefined ? [] : list(fields.training, "training", MAX_LIST).map((name) => text(name, "a training tensor's name"));
  const { tensors, rest } = pickTensors(graph, stored, extra);
  const model: Model = {
    graph,
    tensors,
    ...(fields.preprocess !== undefined && { preprocess: checkPreprocess(fields.preprocess) }),
    ...(fields.classNames !== undefined && {
      classNames: list(fields.classNames, "classNames", MAX_LIST).map((name) => text(name, "a class name")),
    }),
    ...(fields.info !== undefined && { info: parseInfo(fields.info) }),
    ...(fields.training !== undefined && { training: { tensors: rest, metadata } }),
  };
  checkEnds(model);
  return model;
}

/** Splits the file's tensors into the graph's and the training's; nothing may be missing, mis-shaped or left over. */
function pickTensors(
  graph: Graph,
  { tensors: all }: Safetensors,
  extra: readonly string[],
): { tensors: Tensors; rest: Record<string, StoredTensor> } {
  const left = new Map(Object.entries(all));
  const take = (name: string, why: string): StoredTensor => {
    const tensor = left.get(name);
    if (!tensor) throw new ModelError("E_NOT_FOUND", `tensor ${quote(name)} is not in the file, but ${why}`);
    left.delete(name);
    return tensor;
  };
  const tensors = valuesOf(graph, "param", "state").map(({ name, dtype, shape }) => {
    const tensor = take(name, "the graph needs it");
    if (tensor.dtype !== dtype || tensor.shape.length !== shape.length || tensor.shape.some((dim, i) => dim !== shape[i])) {
      throw new ModelError(
        "E_SHAPE",
        `tensor ${quote(name)} is ${tensor.dtype} [${tensor.shape.join(", ")}], the graph needs ${dtype} [${shape.join(", ")}]`,
      );
    }
    return [name, tensor.data] as const;
  });
  const rest = extra.map((name) => [name, take(name, "its training state names it")] as const);
  for (const name of left.keys()) {
    throw new ModelError("E_FORMAT", `tensor ${quote(name)} is in the file, but neither graph nor training state knows it; remove it`);
  }
  return { tensors: Object.fromEntries(tensors), rest: Object.fromEntries(rest) };
}

function parseInfo(json: unknown): Record<string, string> {
  return Object.fromEntries(entries(json, "info", MAX_INFO).map(([key, value]) => [text(key, "a key of info"), infoText(value, key)]));
}

function infoText(value: unknown, key: string): string {
  if (typeof value === "string" && value.length <= MAX_INFO_TEXT) return value;
  throw new ModelError("E_FORMAT", `info ${quote(key)} is no text of at most ${MAX_INFO_TEXT} characters`);
}

/** Outputs are floats; preprocessing and class names fit the graph's first input and output. */
function checkEnds({ graph, preprocess, classNames }: Model): void {
  const perExample = (name: string | undefined) => sizeOf((graph.values[name ?? ""]?.shape.slice(1) ?? []) as number[]);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (output === undefined) throw new ModelError("E_FORMAT", "the graph has no outputs");
  const other = graph.outputs.find((name) => graph.values[name]?.dtype !== "f32");
  if (other !== undefined) throw new ModelError("E_FORMAT", `output ${quote(other)} is no f32 value`);
  if (preprocess && (input === undefined || perExample(input) !== preprocess.channels * preprocess.height * preprocess.width)) {
    const { channels, height, width } = preprocess;
    throw new ModelError(
      "E_SHAPE",
      `preprocess gives ${channels}×${height}×${width} numbers per picture, input "${input}" takes ${perExample(input)}`,
    );
  }
  if (classNames && classNames.length !== perExample(output)) {
    throw new ModelError("E_SHAPE", `there are ${classNames.length} class names, output "${output}" has ${perExample(output)} elements`);
  }
}

/**
 * The model as a file that `readModel` takes: written only after it has been checked like one that is read. Throws what `readModel` throws, and
 * what `writeSafetensors` throws.
 */
export function writeModel(model: Model, options: Pick<WriteOptions, "floats"> & { table?: OpTable } = {}): Uint8Array<ArrayBuffer> {
  const { graph, training } = model;
  verify(graph, options.table ?? ops);
  const network = valuesOf(graph, "param", "state").map(({ name, shape }) => {
    const data = model.tensors[name];
    if (!data) throw new ModelError("E_NOT_FOUND", `tensor ${quote(name)} is missing, but the graph needs it`);
    return [name, { shape: shape as number[], data }] as const;
  });
  const clash = Object.keys(training?.tensors ?? {}).find((name) => Object.hasOwn(graph.values, name));
  if (clash !== undefined)
    throw new ModelError("E_FORMAT", `training tensor ${quote(clash)} has the name of a value of the network; rename it`);
  if (training && Object.hasOwn(training.metadata, KEY))
    throw new ModelError("E_FORMAT", `training metadata must not have the key "${KEY}"; rename it`);
  const { preprocess, classNames, info } = model;
  const document = JSON.stringify({
    version: VERSION,
    graph,
    passes: isOptimized(graph) ? PASSES : undefined,
    preprocess,
    classNames,
    info,
    training: training && Object.keys(training.tensors).sort(),
  });
  const file = writeSafetensors(
    { ...Object.fromEntries(network), ...training?.tensors },
    { ...training?.metadata, [KEY]: document },
    options,
  );
  readModel(file, options.table);
  return file;
}
