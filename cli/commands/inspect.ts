/** `swivel inspect MODEL`: what a network is made of and what it costs. */
import { Command, Option } from "commander";
import { type Estimate, estimateEnergy } from "../../energy/estimate/estimate.ts";
import { withUnit } from "../../energy/report/format.ts";
import { costOf } from "../../src/graph/cost.ts";
import type { Model } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { readCheckpoint } from "../../training/checkpoint.ts";
import { groups, printGroups } from "../../training/prune/index.ts";
import { naming, openModel } from "../files.ts";
import { jsonOption, number, outputOf } from "../options.ts";
import { count, kilobytes, table } from "../output.ts";
import { bars, INFO_KEY, leftOf } from "../picture.ts";

interface InspectOptions {
  groups: boolean;
  threshold: number;
  energy: boolean;
}

const NO_GROUPS = "there are no groups: activations run inside filters, as packing leaves them, or there are none";

export const inspectCommand = (): Command =>
  new Command("inspect")
    .description("parameters, multiply-adds, bytes and layers of a model or checkpoint")
    .argument("<model>", "a model or checkpoint")
    .option("--groups", "also what belongs to each channel: filters, norms and columns that are cut together", false)
    .addOption(new Option("--threshold <slope>", "count channels with this slope or less as dead").argParser(number(0)).default(0))
    .option("--energy", "also an estimate of joules per inference, from published energies per operation", false)
    .addOption(jsonOption())
    .action(async (path: string, options: InspectOptions, command: Command) => {
      const { model, bytes } = await openModel(path);
      const channels = leftOf(model, options.threshold);
      const own = options.groups ? groups(model.graph) : undefined;
      const cost = costOf(model.graph, ops);
      const estimate = options.energy ? await estimateEnergy(model) : undefined;
      const training = model.training && (await naming(path, () => progressOf(bytes)));
      const value = {
        model: path,
        params: cost.params,
        macs: cost.macs,
        bytes: bytes.length,
        layers: cost.nodes,
        channels,
        ...(own && { groups: own }),
        ...(estimate && { energy: estimate }),
        inputs: endsOf(model, "inputs"),
        outputs: endsOf(model, "outputs"),
        preprocess: model.preprocess,
        classNames: model.classNames,
        info: model.info,
        training,
      };
      const rows = cost.nodes.map((node) => [node.name, node.op, node.output.slice(1).join("×"), count(node.params), count(node.macs)]);
      const all = ["all", "", "", count(cost.params), count(cost.macs)];
      const text = [
        table([["layer", "op", "output", "parameters", "multiply-adds"], ...rows, all], 2),
        `${kilobytes(bytes.length)} on disk, of which ${kilobytes(cost.bytes)} are weights when loaded`,
        ...value.inputs.map(({ name, shape }) => `input ${name}: ${shape.slice(1).join("×")}${pixelsOf(model)}`),
        ...(model.classNames ? [`classes: ${model.classNames.join(", ")}`] : []),
        ...Object.entries(model.info ?? {})
          .filter(([key]) => key !== INFO_KEY)
          .map(([key, text]) => `${key}: ${text}`),
        ...(training ? [`checkpoint: step ${training.step} of ${training.steps}, epoch ${training.epoch} done`] : []),
        ...(channels.length > 0 ? ["", ...bars(channels)] : []),
        ...(estimate ? ["", ...estimateLines(estimate)] : []),
        ...(own ? ["", own.length > 0 ? printGroups(own) : NO_GROUPS] : []),
      ];
      outputOf(command).result(value, text.join("\n"));
    });

/** Never without the word. */
function estimateLines({ nodes, low, high, source, level, workingBytes }: Estimate): string[] {
  const span = (from: number, to: number): string => (from === to ? withUnit(from, "J") : `${withUnit(from, "J")} … ${withUnit(to, "J")}`);
  const rows = nodes.map(({ name, op, macs, bytesRead, bytesWritten, compute, memory }) => {
    return [name, op, count(macs), kilobytes(bytesRead + bytesWritten), span(compute + memory.low, compute + memory.high)];
  });
  return [
    table([["estimate", "op", "multiply-adds", "moved", "energy"], ...rows], 2),
    `estimate, not measured: ${span(low, high)} per inference on the Wasm backend, by ${source}`,
    `each tensor crosses once from ${level}, since the network touches ${kilobytes(workingBytes)} in all; registers, clocks and leakage are not in it`,
  ];
}

function endsOf({ graph }: Model, which: "inputs" | "outputs") {
  return graph[which].map((name) => ({ name, shape: graph.values[name]?.shape ?? [] }));
}

const pixelsOf = ({ preprocess }: Model): string => (preprocess ? `, ${preprocess.order} pixels` : "");

function progressOf(file: Uint8Array) {
  const { position, recipe } = readCheckpoint(file);
  return { step: position.step, steps: recipe.steps, epoch: position.epoch, epochs: recipe.epochs };
}
