/** `swivel eval MODEL --data DIR`: accuracy on test images, and the time per image. */
import { Command } from "commander";
import { Session } from "../../src/session.ts";
import { evaluate } from "../evaluate.ts";
import { readBytes } from "../files.ts";
import { dataOption, integer, interruptSignal, jsonOption, openData, outputOf, sessionBackendOption, threadsOption } from "../options.ts";
import { percent } from "../output.ts";

interface EvalOptions {
  data?: string;
  limit?: number;
  backend: "auto" | "wasm" | "webgpu";
  threads: number | "auto";
  batch: number;
}

export const evalCommand = (): Command =>
  new Command("eval")
    .description("accuracy on the test images of a data set, and milliseconds per image")
    .argument("<model>", "a .safetensors file that Swivel wrote")
    .addOption(dataOption())
    .option("--limit <count>", "use so many test images", integer(1))
    .addOption(sessionBackendOption())
    .addOption(threadsOption())
    .option("--batch <count>", "images per run", integer(1), 16)
    .addOption(jsonOption())
    .action(async (path: string, options: EvalOptions, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      const session = await Session.load(await readBytes(path), { backend: options.backend, threads: options.threads, signal });
      try {
        const [, channels, height, width] = session.inputs[0]?.shape ?? [];
        const size = { width: width as number, height: height as number };
        const dataset = await openData({ data: options.data, limitTest: options.limit, size, channels: channels as 1 | 3 }, output, signal);
        const result = await evaluate(session, dataset, dataset.test, {
          batch: options.batch,
          signal,
          onProgress: (done, total) => output.progress(`${done} of ${total} images`),
        });
        const { backend, why, simd, threads } = session.explain();
        const value = {
          model: path,
          data: dataset.name,
          accuracy: result.accuracy,
          n: result.n,
          msPerImage: result.msPerImage,
          batch: options.batch,
          backend,
          simd,
          threads,
        };
        output.result(
          value,
          `${percent(result.accuracy)} of ${result.n} test images; ${result.msPerImage.toFixed(3)} ms per image in batches of ${options.batch} (${backend}${simd ? `, ${simd} SIMD` : ""}, ${threads} thread${threads === 1 ? "" : "s"}: ${why})`,
        );
      } finally {
        session.dispose();
      }
    });
