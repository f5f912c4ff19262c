/** `swivel init`: an untrained network, or one with weights from elsewhere. */
import { Command, Option } from "commander";
import { InputError, ModelError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { type Graph, sizeOf, type Tensors, valuesOf } from "../../src/graph/graph.ts";
import { writeModel } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { ops } from "../../src/ops/index.ts";
import { architectures, createModel } from "../../training/models/index.ts";
import { Random } from "../../training/random.ts";
import { readBytes, writeWhole } from "../files.ts";
import { integer, jsonOption, outputOf } from "../options.ts";
import { count, kilobytes, short } from "../output.ts";

interface InitOptions {
  arch: string;
  activation: "relu" | "rrelu";
  classes: number;
  input?: readonly [number, number, number];
  weights?: string;
  seed: number;
  out: string;
}

/** "3x32x32" */
function parseInput(text: string): readonly [number, number, number] {
  const sizes = text.split(/[x×]/).map(Number);
  if (sizes.length !== 3 || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new InputError("E_OPTION", `--input ${text}: give channels x height x width, such as 3x32x32`);
  }
  return sizes as unknown as readonly [number, number, number];
}

export const initCommand = (): Command =>
  new Command("init")
    .description("write a network with fresh or given weights")
    .requiredOption("--arch <name>", `one of ${Object.keys(architectures).join(", ")}`)
    .addOption(new Option("--activation <kind>", "rrelu has a learned slope per filter").choices(["relu", "rrelu"]).default("rrelu"))
    .option("--classes <count>", "how many classes", integer(2), 10)
    .option("--input <sizes>", "channels x height x width; the architecture's own unless given", parseInput)
    .option("--weights <file>", "a safetensors file with PyTorch's names")
    .option("--seed <number>", "seed of the starting weights", integer(0), 0)
    .requiredOption("--out <file>", "where to write the model")
    .addOption(jsonOption())
    .action(async (options: InitOptions, command: Command) => {
      const architecture = (architectures as Record<string, (typeof architectures)[keyof typeof architectures] | undefined>)[options.arch];
      const [channels, height, width] = options.input ?? [1, 1, 1];
      const input = options.input || !architecture ? { channels, height, width } : architecture.input;
      const net = createModel(options.arch, { activation: options.activation, input, classes: options.classes });
      const tensors = options.weights
        ? fromStateDict(net.graph, await readBytes(options.weights), options.weights)
        : net.init(new Random(options.seed));
      const file = writeModel({ graph: net.graph, tensors, info: { architecture: options.arch, activation: options.activation } });
      await writeWhole(options.out, file);
      const cost = costOf(net.graph, ops);
      const value = { out: options.out, arch: options.arch, params: cost.params, macs: cost.macs, bytes: file.length };
      outputOf(command).result(
        value,
        `${options.out}: ${count(cost.params)} parameters, ${short(cost.macs)} multiply-adds, ${kilobytes(file.length)}`,
      );
    });

/** The network's tensors taken from a state dict. Counters that PyTorch keeps beside batch norms are left out; nothing else may be left over. */
function fromStateDict(graph: Graph, bytes: Uint8Array, path: string): Tensors {
  const { tensors } = readSafetensors(bytes);
  const wanted = valuesOf(graph, "param", "state");
  const known = new Set(wanted.map((value) => value.name));
  const left = Object.keys(tensors).filter((name) => !known.has(name) && !name.endsWith(".num_batches_tracked"));
  if (left.length > 0)
    throw new ModelError(
      "E_FORMAT",
      `${path}: tensor "${left[0]}" belongs to no layer of this architecture; choose the right --arch and --activation`,
    );
  return Object.fromEntries(
    wanted.map(({ name, shape }) => {
      const stored = tensors[name];
      if (!stored) throw new ModelError("E_NOT_FOUND", `${path}: tensor "${name}" is missing; choose the right --arch and --activation`);
      if (stored.data.length !== sizeOf(shape as number[]) || stored.dtype !== "f32") {
        throw new ModelError(
          "E_SHAPE",
          `${path}: tensor "${name}" is ${stored.dtype} [${stored.shape.join(", ")}], the architecture has f32 [${shape.join(", ")}]`,
        );
      }
      return [name, stored.data];
    }),
  );
}
