import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { datasetFromIdx, type IdxFiles, parseIdx, readIdx } from "../../training/data/idx.ts";
import { expectError, idxBytes, idxSet, noise } from "./helpers.ts";

const pixels = noise(2 * 4 * 3);
const images = idxBytes([2, 4, 3], pixels);
const name = "t10k-images-idx3-ubyte";

describe("readIdx", () => {
  it.each([
    ["plain", images],
    ["gzipped", gzipSync(images)],
    ["gzipped, of two members", Buffer.concat([gzipSync(images.subarray(0, 20)), gzipSync(images.subarray(20))])],
    ["shorter than the header's minimum of a gzip's first block", gzipSync(idxBytes([1, 1, 1], [9]))],
  ])("reads a %s file", async (_, bytes) => {
    const { shape, data } = await readIdx({ name, bytes }, 3);
    expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
    if (data.length > 1) expect(Array.from(data)).toEqual(Array.from(pixels));
    else expect([...data]).toEqual([9]);
  });

  it("reads a view into a larger buffer", () => {
    const buffer = new Uint8Array(images.length + 13);
    buffer.set(images, 13);
    expect(Array.from(parseIdx({ name, bytes: buffer.subarray(13) }, 3).data)).toEqual(Array.from(pixels));
  });

  const flip = (bytes: Uint8Array, at: number, value: number) => Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));
  const zip = gzipSync(images);
  const bomb = gzipSync(Buffer.concat([images, Buffer.alloc(30_000_000)]), { level: 9 });
  const huge = idxBytes([60_000, 0xffff, 0xffff], pixels);
  const malformed: [string, Uint8Array, ErrorCode, ...string[]][] = [
    ["empty", new Uint8Array(), "E_TRUNCATED", "0 bytes"],
    ["three bytes long", images.subarray(0, 3), "E_TRUNCATED", "3 bytes"],
    ["cut within its header", images.subarray(0, 11), "E_TRUNCATED", "header"],
    ["cut within its pixels", images.subarray(0, -1), "E_TRUNCATED", "2 x 4 x 3 = 24", "23"],
    ["longer than its header says", Buffer.concat([images, images]), "E_TOO_LARGE", "2 x 4 x 3 = 24"],
    ["of the wrong magic", flip(images, 0, 0x50), "E_FORMAT", "50 00 08 03"],
    ["an HTML page", new TextEncoder().encode("<!doctype html><title>404</title>"), "E_FORMAT", "right file"],
    ["of another element type", flip(images, 2, 0x0d), "E_FORMAT", "float32"],
    ["of an unknown element type", flip(images, 2, 0x77), "E_FORMAT", "unknown type 119"],
    ["of labels where images are wanted", idxBytes([5], [1, 2, 3, 4, 5]), "E_FORMAT", "1 dimensions", "exchanged"],
    ["of 9 dimensions", flip(images, 3, 9), "E_FORMAT", "9 dimensions"],
    ["without images", idxBytes([0, 28, 28], []), "E_FORMAT", "empty", "0 x 28 x 28"],
    ["claiming terabytes", huge, "E_TOO_LARGE", "60000 x 65535 x 65535"],
    ["claiming 1.9 GB", idxBytes([60_000, 178, 178], pixels), "E_TRUNCATED", "24 follow"],
    ["gzipped and cut", zip.subarray(0, -12), "E_TRUNCATED", "too early"],
    ["gzipped and cut in the gzip header", zip.subarray(0, 6), "E_TRUNCATED", "too early"],
    ["gzipped with a flipped byte", flip(zip, zip.length - 6, zip[zip.length - 6]! ^ 1), "E_FORMAT", "damaged"],
    ["gzipped with garbage behind", Buffer.concat([zip, Buffer.from("garbage")]), "E_FORMAT", "damaged"],
    ["gzip bomb", bomb, "E_TOO_LARGE", "40 bytes"],
    ["gzipped and claiming terabytes", gzipSync(huge), "E_TOO_LARGE", "60000 x 65535 x 65535"],
    ["gzipped and claiming more than it holds", gzipSync(idxBytes([600, 28, 28], pixels)), "E_TRUNCATED", "470400"],
    ["gzipped text", gzipSync("not an idx file, but long enough to be looked at: ".repeat(9)), "E_FORMAT", "6e 6f 74 20"],
  ];
  it.each(malformed)("names a file that is %s", async (_, bytes, code, ...words) => {
    await expectError(() => readIdx({ name, bytes }, 3), code, name, ...words);
  });

  it("stops a bomb of 2 GB after a few chunks", async () => {
    // Two gigabytes of zeros, made as 2,000 equal members: making it stays cheap, and unpacking all of it would be seen in the memory.
    const member = gzipSync(new Uint8Array(1_000_000));
    const bytes = Buffer.concat([gzipSync(images), ...new Array(2_000).fill(member)]);
    const before = process.memoryUsage().rss;
    await expectError(() => readIdx({ name, bytes }, 3), "E_TOO_LARGE", name);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });
});

describe("datasetFromIdx", () => {
  const files = (trainLabels: number[], testLabels: number[], more: Partial<IdxFiles> = {}): IdxFiles => {
    const set = Object.entries(idxSet(trainLabels, testLabels)).map(([name, bytes]) => ({ name, bytes }));
    return { train: { images: set[0]!, labels: set[1]! }, test: { images: set[2]!, labels: set[3]! }, ...more };
  };
  const labels = Array.from({ length: 260 }, (_, i) => 1 + (i % 26));

  it("turns labels that do not start at 0 into classes", async () => {
    const dataset = await datasetFromIdx("letters", files(labels, [26, 1, 7]));
    expect(dataset.classNames).toEqual(Array.from({ length: 26 }, (_, i) => `${i + 1}`));
    expect(Array.from(dataset.test.labels)).toEqual([25, 0, 6]);
    expect([dataset.name, dataset.channels, dataset.height, dataset.width]).toEqual(["letters", 1, 4, 3]);
    expect([dataset.train.count, dataset.validation.count, dataset.test.count]).toEqual([260 - 37, 37, 3]);
    expect(Math.max(...dataset.train.labels)).toBe(25);
    expect(Array.from(dataset.test.images)).toEqual(Array.from(noise(3 * 12, 2)));
  });

  it("takes labels with gaps, names by label, and names by order", async () => {
    const gaps = await datasetFromIdx("gaps", files([3, 200, 7, 3, 200, 7], [200, 3]));
    expect(gaps.classNames).toEqual(["3", "7", "200"]);
    expect(Array.from(gaps.test.labels)).toEqual([2, 0]);
    const byLabel = { labelNames: new Map([[3, "c"]]) };
    expect((await datasetFromIdx("named", files([3, 7, 3, 7], [3], byLabel))).classNames).toEqual(["c", "7"]);
    const byOrder = { classNames: { names: ["three", "seven"], from: "classes.txt" } };
    expect((await datasetFromIdx("named", files([3, 7, 3, 7], [3], byOrder))).classNames).toEqual(["three", "seven"]);
  });

  it("holds out the same pictures every time, by seed, and as many as asked", async () => {
    const read = async (options = {}) => (await datasetFromIdx("x", files(labels, [1]), options)).validation;
    const first = await read();
    expect((await read()).images).toEqual(first.images);
    expect((await read({ seed: 1 })).images).not.toEqual(first.images);
    expect((await read({ validation: 26 })).count).toBe(26);
    expect((await read({ validation: 0 })).count).toBe(0);
  });

  it("limits train before the validation split, and test, by stratified samples", async () => {
    const dataset = await datasetFromIdx("x", files(labels, labels), { limit: { train: 130, test: 52 }, validation: 26 });
    expect([dataset.train.count, dataset.validation.count, dataset.test.count]).toEqual([104, 26, 52]);
    for (const split of [dataset.train, dataset.validation, dataset.test]) expect(new Set(split.labels).size).toBe(26);
  });

  it("names what does not belong together", async () => {
    const good = files([1, 2, 1, 2], [1]);
    const other = files([1, 2, 1], [1]);
    await expectError(
      () => datasetFromIdx("x", { ...good, train: { images: good.train.images, labels: other.train.labels } }),
      "E_SHAPE",
      "4 images",
      "3 labels",
    );
    await expectError(() => datasetFromIdx("x", files([1, 2, 1, 2], [1, 3])), "E_FORMAT", "image 1", "label 3", "1, 2");
    await expectError(() => datasetFromIdx("x", files([5, 5, 5], [5])), "E_FORMAT", "one class only");
    const small = { name: "small", bytes: idxBytes([1, 2, 2], [1, 2, 3, 4]) };
    await expectError(
      () => datasetFromIdx("x", { ...good, test: { images: small, labels: good.test.labels } }),
      "E_SHAPE",
      "small",
      "2x2",
      "4x3",
    );
    const names = { classNames: { names: ["a", "b", "c"], from: "my/classes.txt" } };
    await expectError(() => datasetFromIdx("x", files([1, 2, 1, 2], [1], names)), "E_SHAPE", "my/classes.txt", "3 classes", "are 2");
    await expectError(() => datasetFromIdx("x", good, { validation: 3 }), "E_OPTION", "0 to 2");
    await expectError(() => datasetFromIdx("x", good, { limit: { test: 0 } }), "E_OPTION", "limit 0");
  });
});
