/** `swivel eval MODEL --data DIR`: accuracy on test images, and the time per image. */
import { Command } from "commander";
import { Session } from "../../src/session.ts";
import { openDataFor } from "../data.ts";
import { evaluate } from "../evaluate.ts";
import { openModel } from "../files.ts";
import {
  dataOption,
  integer,
  interruptSignal,
  jsonOption,
  outputOf,
  precisionOption,
  sessionBackendOption,
  threadsOption,
} from "../options.ts";
import { percent, plural } from "../output.ts";

interface EvalOptions {
  data?: string;
  limit?: number;
  backend: "auto" | "wasm" | "webgpu";
  precision: "f32" | "f16";
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
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: EvalOptions, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      const { model, bytes } = await openModel(path);
      const { backend: wanted, precision: asked, threads: count } = options;
      const session = await Session.load(bytes, {
        backend: wanted,
        precision: asked,
        threads: count,
        signal,
        onProgress: ({ pipelines }) => pipelines && output.progress(`${pipelines.done} of ${pipelines.total} pipelines for the GPU`),
        onFallback: (explanation) => output.note(`on ${explanation.backend}: ${explanation.why}`),
      });
      try {
        const dataset = await openDataFor(model, { data: options.data, limitTest: options.limit }, output, signal);
        const batch = Math.min(options.batch, dataset.test.count);
        const { accuracy, n, msPerImage } = await evaluate(session, dataset, dataset.test, {
          batch,
          signal,
          onProgress: (done, total) => output.progress(`${done} of ${total} images`),
        });
        const { backend, why, adapter, precision, precisionWhy, simd, threads } = session.explain();
        const facts = { model: path, data: dataset.name, accuracy, n, msPerImage, batch };
        const value = { ...facts, backend, why, adapter, precision, precisionWhy, simd, threads };
        const where =
          adapter === undefined ? [backend, `${simd} SIMD`, plural(threads, "thread")] : [`${backend} on ${adapter}`, precision];
        const how = [...where, ...(precisionWhy === undefined ? [] : [`not f16, since ${precisionWhy}`])].join(", ");
        const speed = `${msPerImage.toFixed(3)} ms per image in batches of ${batch} (${how})`;
        output.result(value, `${percent(accuracy)} of ${plural(n, "test image")} of ${dataset.name} right\n${speed}`);
      } finally {
        session.dispose();
      }
    });
