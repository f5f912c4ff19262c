/** `swivel eval MODEL --data DIR`: accuracy on test images, and the time per image. */
import { Command } from "commander";
import { Session } from "../../src/session.ts";
import { openDataFor } from "../data.ts";
import { evaluate } from "../evaluate.ts";
import { openModel } from "../files.ts";
import { dataOption, integer, interruptSignal, jsonOption, outputOf, sessionBackendOption, threadsOption } from "../options.ts";
import { percent, plural } from "../output.ts";

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
    .argument("<model>", "a model or checkpoint")
    .addOption(dataOption())
    .option("--limit <count>", "use so many test images at most", integer(1))
    .option("--batch <count>", "images per run", integer(1), 16)
    .addOption(sessionBackendOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: EvalOptions, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      const { model, bytes } = await openModel(path);
      const session = await Session.load(bytes, { backend: options.backend, threads: options.threads, signal });
      try {
        const dataset = await openDataFor(model, { data: options.data, limitTest: options.limit }, output, signal);
        const batch = Math.min(options.batch, dataset.test.count);
        const { accuracy, n, msPerImage } = await evaluate(session, dataset, dataset.test, {
          batch,
          signal,
          onProgress: (done, total) => output.progress(`${done} of ${total} images`),
        });
        const { backend, why, simd, threads } = session.explain();
        const value = { model: path, data: dataset.name, accuracy, n, msPerImage, batch, backend, simd, threads, why };
        const how = [backend, ...(simd ? [`${simd} SIMD`] : []), plural(threads, "thread")].join(", ");
        const speed = `${msPerImage.toFixed(3)} ms per image in batches of ${batch} (${how})`;
        output.result(value, `${percent(accuracy)} of ${plural(n, "test image")} of ${dataset.name} right\n${speed}`);
      } finally {
        session.dispose();
      }
    });
