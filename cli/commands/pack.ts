/** `swivel pack`: folds batch norms and slopes, fuses epilogues, and writes the file that an app ships. */
import { Command, Option } from "commander";
import { costOf } from "../../src/graph/cost.ts";
import { type Model, readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { checkTarget, naming, openModel } from "../files.ts";
import { jsonOption, outputOf } from "../options.ts";
import { count, kilobytes, percent, short, table } from "../output.ts";
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
      const { out, onnx } = options;
      await checkTarget(out, "--out", [path]);
      if (onnx !== undefined) await checkTarget(onnx, "--onnx", [path, out]);
      const { model, bytes } = await openModel(path);
      const file = await naming(path, () => packModel(model, options.dtype));
      const packed = readModel(file);
      // both are made before either is written
      const exported = onnx === undefined ? undefined : await exportOnnx(packed);
      await writeWhole(out, file);
      if (onnx !== undefined && exported) await writeWhole(onnx, exported);
      const [before, after] = [factsOf(model, bytes.length), factsOf(packed, file.length)];
      const rows = [
        ["", "before", "after"],
        ["nodes", count(before.nodes), count(after.nodes)],
        ["parameters", count(before.params), count(after.params)],
        ["multiply-adds", short(before.macs), short(after.macs)],
        ["file", kilobytes(before.bytes), kilobytes(after.bytes)],
      ];
      const written = [out, ...(onnx === undefined ? [] : [onnx])].join(" and ");
      const size = `${written}: ${percent(after.bytes / before.bytes, 0)} of the bytes of ${path}`;
      outputOf(command).result({ out, ...(onnx !== undefined && { onnx }), before, after }, `${table(rows)}\n${size}`);
    });

async function exportOnnx(model: Model): Promise<Uint8Array> {
  const { toOnnx } = await import("../../src/onnx/index.ts");
  return toOnnx(model);
}

function factsOf({ graph }: Model, bytes: number) {
  const { params, macs } = costOf(graph, ops);
  return { nodes: graph.nodes.length, params, macs, bytes };
}
