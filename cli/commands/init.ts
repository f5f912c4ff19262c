/** `swivel init`: an untrained network, or one with weights from elsewhere. */
import { Command, InvalidArgumentError } from "commander";
import { ModelError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { type Graph, type Tensors, valuesOf } from "../../src/graph/graph.ts";
import { readModel, writeModel } from "../../src/model/model.ts";
import { readSafetensors, type StoredTensor } from "../../src/model/safetensors.ts";
import { ops } from "../../src/ops/index.ts";
import { readSource } from "../../src/source.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { architectures } from "../../training/models/index.ts";
import { Random } from "../../training/random.ts";
import { activationOption, architectureNames, buildNet } from "../build.ts";
import { checkTarget, naming } from "../files.ts";
import { integer, jsonOption, outputOf, seedOption } from "../options.ts";
import { kilobytes, plural, short } from "../output.ts";

interface InitOptions {
  arch: string;
  activation: "relu" | "rrelu";
  classes: number;
  input?: readonly [number, number, number];
  weights?: string;
  seed: number;
  out: string;
}

const MAX_SIDE = 16_384;

/** "3x32x32" */
function parseInput(text: string): readonly [number, number, number] {
  const sizes = text.split(/[x×]/).map((size) => (/^\d+$/.test(size) ? Number(size) : 0));
  if (sizes.length === 3 && sizes.every((size) => size >= 1 && size <= MAX_SIDE)) return sizes as unknown as [number, number, number];
  throw new InvalidArgumentError(`Expected channels x height x width, such as 3x32x32, each from 1 to ${MAX_SIDE}.`);
}

export const initCommand = (): Command =>
  new Command("init")
    .description("write a network with fresh weights, or with given ones")
    .requiredOption("--arch <name>", `one of ${architectureNames}`)
    .addOption(activationOption())
    .option("--classes <count>", "how many classes", integer(2, 65_536), 10)
    .option("--input <sizes>", "channels x height x width; the architecture's own unless given", parseInput)
    .option("--weights <file>", "a safetensors file with the names of PyTorch's state dict, or a model of the same architecture")
    .addOption(seedOption("of fresh weights"))
    .requiredOption("--out <file>", "where to write the model")
    .addOption(jsonOption())
    .action(async (options: InitOptions, command: Command) => {
      const { arch, activation, classes, weights, out } = options;
      await checkTarget(out, "--out", weights === undefined ? [] : [weights]);
      const known = (architectures as Partial<Record<string, (typeof architectures)[keyof typeof architectures]>>)[arch];
      const [channels, height, width] = options.input ?? [1, 1, 1];
      const input = options.input || !known ? { channels, height, width } : known.input;
      const net = buildNet(arch, { activation, input, classes });
      const tensors = weights === undefined ? net.init(new Random(options.seed)) : await given(weights, net.graph);
      const file = writeModel({ graph: net.graph, tensors, info: { architecture: arch, activation } });
      await writeWhole(out, file);
      const { params, macs } = costOf(net.graph, ops);
      const value = { out, arch, activation, params, macs, bytes: file.length };
      outputOf(command).result(
        value,
        `${out}: ${arch}, ${plural(params, "parameter")}, ${short(macs)} multiply-adds, ${kilobytes(file.length)}`,
      );
    });

/** The network's tensors from a file: a model or checkpoint, or a bare state dict. */
async function given(path: string, graph: Graph): Promise<Tensors> {
  const bytes = await readSource(path, {});
  return naming(path, () => {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata.swivel === undefined) return match(graph, tensors);
    const own = new Set(Object.keys(readModel(bytes).tensors));
    return match(graph, Object.fromEntries(Object.entries(tensors).filter(([name]) => own.has(name))));
  });
}

const REMEDY = "choose the --arch, --activation, --classes and --input that the weights were trained with";

/** Counters that PyTorch keeps beside batch norms are left out; nothing else may be left over, nothing may be missing. */
function match(graph: Graph, tensors: Readonly<Record<string, StoredTensor>>): Tensors {
  const wanted = valuesOf(graph, "param", "state");
  const known = new Set(wanted.map((value) => value.name));
  const stranger = Object.keys(tensors).find((name) => !known.has(name) && !name.endsWith(".num_batches_tracked"));
  if (stranger !== undefined) {
    const wrapped = stranger.startsWith("module.") && known.has(stranger.slice(7));
    throw new ModelError(
      "E_FORMAT",
      `tensor "${stranger}" belongs to no layer of this network; ${wrapped ? 'rename the tensors: leave "module." out' : REMEDY}`,
    );
  }
  return Object.fromEntries(
    wanted.map(({ name, shape }) => {
      const stored = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (!stored) throw new ModelError("E_NOT_FOUND", `tensor "${name}" is missing; ${REMEDY}`);
      if (stored.dtype !== "f32" || !sameSizes(stored.shape, shape as number[])) {
        const has = `${stored.dtype} [${stored.shape.join(", ")}]`;
        throw new ModelError("E_SHAPE", `tensor "${name}" is ${has}, the network has f32 [${shape.join(", ")}]; ${REMEDY}`);
      }
      return [name, stored.data];
    }),
  );
}

/** Slopes may come as [C, 1, 1]: sizes of 1 change no order of the numbers. */
function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  const plain = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  return plain(a) === plain(b);
}
