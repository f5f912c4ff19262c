/** A worker of a page's own that trains; it answers with what it learned and how. */
import type { Explanation } from "../../src/backends/backend.ts";
import { models, optimizers, Random, Trainer, wasmTrainingBackend } from "../../training/index.ts";

export interface TrainerAnswer {
  readonly explanation: Explanation;
  /** Of the whole checkpoint. */
  readonly sha256: string;
  readonly losses: number[];
}

const BATCH = 16;

self.onmessage = async ({ data: { threads } }: MessageEvent<{ threads: number }>) => {
  const input = { channels: 3, height: 32, width: 32 };
  const { graph, init } = models.createModel("resnet20", { activation: "rrelu", input, classes: 10 });
  const random = new Random("pictures");
  const images = new Float32Array(BATCH * 3 * 32 * 32).map(() => random.uniform());
  const batch = { images, labels: Int32Array.from({ length: BATCH }, (_, i) => i % 10), count: BATCH };
  const backend = await wasmTrainingBackend({ threads });
  const losses: number[] = [];
  const trainer = await Trainer.create({
    model: { graph, tensors: init(new Random(1)) },
    data: { train: () => [batch, batch], stepsPerEpoch: 2 },
    backend,
    epochs: 3,
    readEvery: 1,
    optimizer: optimizers.sgd({ rate: 0.05 }),
    onEvent: (event) => event.kind === "step" && losses.push(event.loss),
  });
  await trainer.run();
  const digest = await crypto.subtle.digest("SHA-256", (await trainer.checkpoint()) as Uint8Array<ArrayBuffer>);
  const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  postMessage({ explanation: trainer.explain(), sha256, losses } satisfies TrainerAnswer);
};
