/** `swivel inspect MODEL`: what a network is made of and what it costs. */
import { Command } from "commander";
import { costOf } from "../../src/graph/cost.ts";
import { readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { readBytes } from "../files.ts";
import { jsonOption, outputOf } from "../options.ts";
import { count, kilobytes, table } from "../output.ts";

export const inspectCommand = (): Command =>
  new Command("inspect")
    .description("parameters, multiply-adds, bytes and layers of a model or checkpoint")
    .argument("<model>", "a .safetensors file that Swivel wrote")
    .addOption(jsonOption())
    .action(async (path: string, _options: unknown, command: Command) => {
      const bytes = await readBytes(path);
      const model = readModel(bytes);
      const cost = costOf(model.graph, ops);
      const value = {
        model: path,
        params: cost.params,
        macs: cost.macs,
        bytes: bytes.length,
        layers: cost.nodes,
        inputs: model.graph.inputs.map((name) => ({ name, shape: model.graph.values[name]?.shape })),
        outputs: model.graph.outputs.map((name) => ({ name, shape: model.graph.values[name]?.shape })),
        preprocess: model.preprocess,
        classNames: model.classNames,
        info: model.info,
      };
      const rows = cost.nodes.map((node) => [node.name, node.op, node.output.slice(1).join("×"), count(node.params), count(node.macs)]);
      const text = [
        table([["layer", "op", "output", "parameters", "multiply-adds"], ...rows, ["all", "", "", count(cost.params), count(cost.macs)]]),
        `${kilobytes(bytes.length)} on disk, of which ${kilobytes(cost.bytes)} weights`,
        ...(model.classNames ? [`classes: ${model.classNames.join(", ")}`] : []),
      ];
      outputOf(command).result(value, text.join("\n"));
    });
