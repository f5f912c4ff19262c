import { describe, expect, it } from "vitest";
import { datasetFromCifar, parseCifar } from "../../training/data/cifar.ts";
import { expectError, noise } from "./helpers.ts";

const record = (labels: number[], seed: number) => [...labels, ...noise(3072, seed)];
const file = (name: string, ...records: number[][]) => ({ name, bytes: Uint8Array.from(records.flat()) });

describe("parseCifar", () => {
  it("reads CIFAR-10's records: a label, then the planes", () => {
    const { count, labels, images } = parseCifar(file("data_batch_1.bin", record([3], 1), record([9], 2)), 10);
    expect([count, ...labels]).toEqual([2, 3, 9]);
    expect(Array.from(images)).toEqual([...noise(3072, 1), ...noise(3072, 2)]);
  });

  it("reads CIFAR-100's fine labels", () => {
    expect(Array.from(parseCifar(file("train.bin", record([19, 99], 1), record([0, 0], 2)), 100).labels)).toEqual([99, 0]);
  });

  it("names malformed files", async () => {
    const good = file("test_batch.bin", record([3], 1));
    await expectError(
      () => parseCifar({ ...good, bytes: good.bytes.subarray(1) }, 10),
      "E_TRUNCATED",
      "test_batch.bin",
      "3072 bytes",
      "3073",
    );
    await expectError(() => parseCifar({ ...good, bytes: new Uint8Array() }, 10), "E_TRUNCATED", "0 bytes");
    await expectError(() => parseCifar(good, 100), "E_TRUNCATED", "3074");
    await expectError(() => parseCifar(file("b.bin", record([3], 1), record([10], 1)), 10), "E_FORMAT", "b.bin", "record 1", "label 10");
    await expectError(() => parseCifar(file("b.bin", record([3, 100], 1)), 100), "E_FORMAT", "label 100", "0..99");
  });
});

describe("datasetFromCifar", () => {
  const train = [file("data_batch_1.bin", ...[0, 1, 0, 1].map((label, i) => record([label], i))), file("data_batch_2.bin", record([2], 9))];
  const test = file("test_batch.bin", record([1], 7));

  it("joins the training files in order", () => {
    const dataset = datasetFromCifar("tiny", { kind: 10, train, test }, { validation: 0 });
    expect(Array.from(dataset.train.labels)).toEqual([0, 1, 0, 1, 2]);
    expect(Array.from(dataset.train.images.subarray(4 * 3072))).toEqual(Array.from(noise(3072, 9)));
    expect([dataset.channels, dataset.height, dataset.width, dataset.classNames.length]).toEqual([3, 32, 32, 10]);
    expect(dataset.mean).toHaveLength(3);
  });

  it("names a list of classes that does not fit", () =>
    expectError(
      () => datasetFromCifar("tiny", { kind: 10, train, test, classNames: { names: ["a"], from: "meta" } }),
      "E_SHAPE",
      "meta names 1",
    ).then(() => {}));
});
