/** A task that a tiny network learns in seconds on the reference, and a reference that keeps float32 like every other backend. */
import type { Backend, Executable } from "../../src/backends/backend.ts";
import { type Graph, valuesOf } from "../../src/graph/graph.ts";
import type { Batch, Dataset, Split } from "../../training/data/dataset.ts";
import { batches, statistics } from "../../training/data/index.ts";
import { Net } from "../../training/net.ts";
import { Random } from "../../training/random.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";

const SIDE = 6;
const CLASSES = 3;

/** Noise with one bright corner of three: the class. */
function split(count: number, random: Random): Split {
  const images = new Uint8Array(count * SIDE * SIDE);
  const labels = Int32Array.from({ length: count }, () => random.int(CLASSES));
  labels.forEach((label, i) => {
    for (let p = 0; p < SIDE * SIDE; p++) {
      const [y, x] = [Math.floor(p / SIDE), p % SIDE];
      const corner = (y < SIDE / 2 ? 0 : 1) + (x < SIDE / 2 ? 0 : 2);
      images[i * SIDE * SIDE + p] = random.int(120) + (corner === label ? 130 : 0);
    }
  });
  return { count, images, labels };
}

export function toyDataset(seed = 1): Dataset {
  const random = new Random(seed);
  const train = split(52, random);
  return {
    name: "corners",
    channels: 1,
    height: SIDE,
    width: SIDE,
    classNames: ["a", "b", "c"],
    train,
    validation: split(13, random),
    test: split(17, random),
    ...statistics(train, 1),
  };
}

export function toyModel(seed = 1, activation: { rotated: boolean } = { rotated: true }) {
  const net = new Net({ channels: 1, height: SIDE, width: SIDE });
  const { graph, init } = net.conv(4, 3).batchNorm().relu(activation).maxPool(2).flatten().linear(CLASSES).build();
  return { graph, tensors: init(new Random(seed)) };
}

/** The batches of one epoch, each in memory of its own. */
export function toyBatches(dataset: Dataset, size: number): Batch[] {
  return [...batches(dataset.train, dataset, { size, dropLast: true })].map(({ images, labels, count }) => ({
    images: images.slice(),
    labels: labels.slice(),
    count,
  }));
}

/** The reference, with everything that is kept between runs rounded to float32 after each: what a checkpoint holds is then all there is. */
export function float32Reference(): Backend {
  const reference = referenceTrainingBackend();
  return {
    name: "reference",
    async compile(graph: Graph, options): Promise<Executable> {
      const exact = await reference.compile(graph, options);
      const kept = valuesOf(graph, "param", "state").filter((value) => !value.view);
      return {
        async run(inputs, runOptions) {
          const outputs = await exact.run(inputs, runOptions);
          for (const { name } of kept) await exact.write(name, await exact.read(name));
          return outputs;
        },
        read: (name) => exact.read(name),
        write: (name, data) => exact.write(name, data),
        profile: (inputs) => exact.profile(inputs),
        explain: () => exact.explain(),
        dispose: () => exact.dispose(),
      };
    },
    dispose: () => reference.dispose(),
  };
}
