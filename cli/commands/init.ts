/** `swivel init`: an untrained network, or one with weights from elsewhere. */
import { Command, InvalidArgumentError } from "commander";
import { InputError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { writeModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { architectures } from "../../training/models/index.ts";
import type { NetInput } from "../../training/net.ts";
import { Random } from "../../training/random.ts";
import { activationOption, architectureNames, buildNet } from "../build.ts";
import { checkTarget } from "../files.ts";
import { integer, jsonOption, number, outputOf, seedOption } from "../options.ts";
import { kilobytes, type Output, plural, short } from "../output.ts";
import { preprocessFor, USUAL, type Weights, weightsFrom } from "../weights.ts";

interface InitOptions {
  arch: string;
  activation: "relu" | "rrelu";
  classes: number;
  input?: readonly [number, number, number];
  weights?: string;
  mean?: number[];
  std?: number[];
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

/** "0.5" or "0.485,0.456,0.406" */
const perChannel = (text: string): number[] => text.split(",").map(number(0));

export const initCommand = (): Command =>
  new Command("init")
    .description("write a network with fresh weights, or with given ones")
    .requiredOption("--arch <name>", `one of ${architectureNames}`)
    .addOption(activationOption())
    .option("--classes <count>", "how many classes", integer(2, 65_536), 10)
    .option("--input <sizes>", "channels x height x width; the architecture's own unless given", parseInput)
    .option("--weights <file>", "a safetensors file with the names of PyTorch's state dict, or a model of the same architecture")
    .option("--mean <numbers>", "how images are normalised, (pixel / 255 - mean) / std, one number for each channel", perChannel)
    .option("--std <numbers>", "the same; the data's own, or the usual ones of ImageNet for --weights, unless given", perChannel)
    .addOption(seedOption("of fresh weights"))
    .requiredOption("--out <file>", "where to write the model")
    .addOption(jsonOption())
    .action(async (options: InitOptions, command: Command) => {
      const { arch, activation, classes, weights, out } = options;
      const output = outputOf(command);
      await checkTarget(out, "--out", weights === undefined ? [] : [weights]);
      const known = (architectures as Partial<Record<string, (typeof architectures)[keyof typeof architectures]>>)[arch];
      const [channels, height, width] = options.input ?? [1, 1, 1];
      const input = options.input || !known ? { channels, height, width } : known.input;
      const net = buildNet(arch, { activation, input, classes });
      const given: Weights =
        weights === undefined ? { tensors: net.init(new Random(options.seed)) } : await weightsFrom(weights, net.graph);
      const preprocess = normalisation(input, given, options, output);
      const file = writeModel({ ...given, graph: net.graph, ...(preprocess && { preprocess }), info: { architecture: arch, activation } });
      await writeWhole(out, file);
      const { params, macs } = costOf(net.graph, ops);
      const value = { out, arch, activation, params, macs, bytes: file.length };
      output.result(value, `${out}: ${arch}, ${plural(params, "parameter")}, ${short(macs)} multiply-adds, ${kilobytes(file.length)}`);
    });

/** As asked for; else the weights' own; else, for colour images and weights that do not say, the usual one. Fresh weights get the data's later. */
function normalisation(input: NetInput, given: Weights, options: InitOptions, output: Output): Weights["preprocess"] {
  const { weights, mean, std } = options;
  if ((mean === undefined) !== (std === undefined)) throw new InputError("E_OPTION", "--mean and --std go together; give both");
  if (mean && std) return preprocessFor(input, { mean, std });
  if (given.preprocess) return { ...given.preprocess, width: input.width, height: input.height };
  if (weights === undefined || input.channels !== USUAL.mean.length) return undefined;
  const usual = `mean ${USUAL.mean.join(", ")}, std ${USUAL.std.join(", ")}`;
  output.note(`${weights} does not say how images were normalised: taken is the usual ${usual}; --mean and --std change it`);
  return preprocessFor(input, USUAL);
}
