/** `swivel pack`: folds batch norms and slopes, fuses epilogues, and writes the file that an app ships. */
import { Command, Option } from "commander";
import { costOf } from "../../src/graph/cost.ts";
import { readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { readBytes, writeWhole } from "../files.ts";
import { jsonOption, outputOf } from "../options.ts";
import { kilobytes, short } from "../output.ts";
import { packModel } from "../pack.ts";

interface PackOptions {
  out: string;
  onnx?: string;
  dtype: "f32" | "f16";
}

export const packCommand = (): Command =>
  new Command("pack")
    .description("fold and fuse a checkpoint or cut network into the file that an app ships")
    .argument("<in>", "a checkpoint or model")
    .requiredOption("--out <file>", "where to write the packed model")
    .option("--onnx <file>", "also write it as ONNX")
    .addOption(new Option("--dtype <type>", "how weights are stored").choices(["f32", "f16"]).default("f32"))
    .addOption(jsonOption())
    .action(async (path: string, options: PackOptions, command: Command) => {
      const source = await readBytes(path);
      const model = readModel(source);
      const file = packModel(model, options.dtype);
      const packed = readModel(file);
      let onnx: Uint8Array | undefined;
      if (options.onnx !== undefined) {
        const { toOnnx } = await import("../../src/onnx/index.ts");
        onnx = toOnnx(packed);
      }
      await writeWhole(options.out, file);
      if (options.onnx !== undefined && onnx) await writeWhole(options.onnx, onnx);
      const before = costOf(model.graph, ops);
      const after = costOf(packed.graph, ops);
      const value = {
        out: options.out,
        ...(onnx && { onnx: options.onnx }),
        before: { nodes: model.graph.nodes.length, params: before.params, macs: before.macs, bytes: source.length },
        after: { nodes: packed.graph.nodes.length, params: after.params, macs: after.macs, bytes: file.length },
      };
      outputOf(command).result(
        value,
        `${options.out}: ${packed.graph.nodes.length} nodes (${model.graph.nodes.length} before), ${short(after.macs)} multiply-adds, ${kilobytes(file.length)} (${kilobytes(source.length)} before)`,
      );
    });
