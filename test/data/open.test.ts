import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { type OpenOptions, openDataset } from "../../training/data/open.ts";
import { expectError, folderOf, idxBytes, idxSet, noise } from "./helpers.ts";
import { type Colour, jpg, png } from "./pictures.ts";

type Files = Record<string, Uint8Array | string>;
const letters = Array.from({ length: 260 }, (_, i) => 1 + (i % 26));
const zipped = (files: Record<string, Uint8Array>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
const renamed = (files: Files, rename: (name: string) => string) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [rename(name), bytes]));
const without = (files: Files, ...names: string[]) => Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));

describe("a folder of idx files", () => {
  const set = idxSet(letters, [3, 26, 1]);
  it.each<[string, Files]>([
    ["plain", set],
    ["gzipped", zipped(set)],
    [
      "some plain, some gzipped",
      { ...without(set, "train-images-idx3-ubyte"), ...zipped({ "train-images-idx3-ubyte": set["train-images-idx3-ubyte"]! }) },
    ],
    ["both plain and gzipped", { ...set, ...zipped(set) }],
    ["with test for t10k", renamed(set, (name) => name.replace("t10k", "test"))],
    ["with dots, as unpackers write them", renamed(set, (name) => name.replace("-idx", ".idx"))],
    ["with notes beside", { ...set, "README.md": "# notes", "training.log": "x", ".DS_Store": "x" }],
  ])("opens, %s", async (_, files) => {
    const dataset = await openDataset(folderOf(files));
    expect([dataset.train.count, dataset.validation.count, dataset.test.count]).toEqual([223, 37, 3]);
    expect(dataset.classNames).toHaveLength(26);
    expect(Array.from(dataset.test.labels)).toEqual([2, 25, 0]);
    expect(Array.from(dataset.test.images)).toEqual(Array.from(noise(3 * 12, 2)));
  });

  it("is named by its files' prefix or its folder, and its classes by EMNIST's mapping or a classes.txt", async () => {
    const emnist = idxSet(letters, [3], "emnist-letters-");
    const mapping = letters
      .slice(0, 26)
      .map((label) => `${label} ${64 + label} ${96 + label}`)
      .join("\n");
    const opened = await openDataset(folderOf({ ...zipped(emnist), "emnist-letters-mapping.txt": `${mapping}\n` }));
    expect([opened.name, opened.classNames.join("")]).toEqual(["emnist-letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]);
    const two = await openDataset(
      join(
        folderOf(renamed({ ...idxSet([0, 1, 0, 1], [1]), "classes.txt": "\uFEFFcat\r\n  dog \r\n\r\n" }, (name) => `pets/${name}`)),
        "pets",
      ),
    );
    expect([two.name, ...two.classNames]).toEqual(["pets", "cat", "dog"]);
  });

  it.each<[string, Files, ErrorCode, ...string[]]>([
    ["no training images", without(set, "train-images-idx3-ubyte"), "E_NOT_FOUND", "train images are missing", "train-images-idx3-ubyte"],
    ["no test labels", without(set, "t10k-labels-idx1-ubyte"), "E_NOT_FOUND", "test labels are missing", "t10k-labels-idx1-ubyte"],
    ["no test files", without(set, "t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte"), "E_NOT_FOUND", "test images are missing"],
    [
      "two sets",
      { ...idxSet([1, 2], [1], "emnist-letters-"), ...idxSet([1, 2], [1], "emnist-digits-") },
      "E_FORMAT",
      "emnist-digits, emnist-letters",
    ],
    ["two candidates", { ...set, "train-images.idx3-ubyte": "x" }, "E_FORMAT", "could both be the train images"],
    ["a cut file", { ...set, "t10k-images-idx3-ubyte": idxBytes([3, 4, 3], [1, 2]) }, "E_TRUNCATED", "t10k-images-idx3-ubyte"],
    ["a wrong classes.txt", { ...set, "classes.txt": "a\nb\n" }, "E_SHAPE", "classes.txt", "2 classes"],
    ["a hostile classes.txt", { ...set, "classes.txt": "a\n".repeat(2 ** 20) }, "E_TOO_LARGE", "classes.txt"],
    [
      "a damaged mapping",
      { ...idxSet([1, 2], [1], "emnist-x-"), "emnist-x-mapping.txt": "1 A\n" },
      "E_FORMAT",
      "emnist-x-mapping.txt",
      "1 A",
    ],
  ])("is refused with %s", async (_, files, code, ...words) => {
    const folder = folderOf(files);
    await expectError(() => openDataset(folder), code, folder.slice(-6), ...words);
  });

  it("is not resized silently", async () => {
    const folder = folderOf(set);
    await expectError(() => openDataset(folder, { channels: 3 }), "E_OPTION", "3x4x3", "3x4x1");
    await expectError(() => openDataset(folder, { size: { width: 32, height: 32 } }), "E_OPTION", "32x32x1");
    expect((await openDataset(folder, { channels: 1, size: { width: 3, height: 4 } })).width).toBe(3);
  });
});

describe("a folder of CIFAR binaries", () => {
  const records = (labels: number[][]) => Uint8Array.from(labels.flatMap((label, i) => [...label, ...noise(3072, i)]));
  const names = (n: number) => Array.from({ length: n }, (_, i) => `name ${i}`).join("\n");
  const ten = {
    "data_batch_1.bin": records([[0], [1], [0]]),
    "data_batch_2.bin": records([[1], [9]]),
    "test_batch.bin": records([[9]]),
    "batches.meta.txt": `${names(10)}\n\n`,
  };
  const hundred = {
    "train.bin": records([
      [0, 5],
      [0, 99],
      [0, 5],
    ]),
    "test.bin": records([[1, 99]]),
    "fine_label_names.txt": names(100),
  };

  it("opens: CIFAR-10", async () => {
    const dataset = await openDataset(folderOf(ten), { validation: 0 });
    expect([...dataset.train.labels, -1, ...dataset.test.labels]).toEqual([0, 1, 0, 1, 9, -1, 9]);
    expect([dataset.classNames.length, dataset.classNames[9], dataset.channels, dataset.height]).toEqual([10, "name 9", 3, 32]);
  });

  it("opens: CIFAR-100", async () => {
    const dataset = await openDataset(folderOf(hundred), { validation: 0 });
    expect([...dataset.train.labels, -1, ...dataset.test.labels]).toEqual([5, 99, 5, -1, 99]);
    expect(dataset.classNames[99]).toBe("name 99");
    const nameless = await openDataset(folderOf(without(hundred, "fine_label_names.txt")), { validation: 0 });
    expect(nameless.classNames[99]).toBe("99");
  });

  it.each<[string, Files, ErrorCode, ...string[]]>([
    ["no test file", without(ten, "test_batch.bin"), "E_NOT_FOUND", "test_batch.bin"],
    ["no training file", without(ten, "data_batch_1.bin", "data_batch_2.bin"), "E_NOT_FOUND", "data_batch_1.bin"],
    ["a gap in the training files", renamed(ten, (name) => name.replace("_2", "_4")), "E_NOT_FOUND", "data_batch_2.bin"],
    ["an absurd training file", { ...ten, "data_batch_99999999.bin": "" }, "E_FORMAT", "data_batch_99999999.bin"],
    ["a cut file", { ...ten, "data_batch_2.bin": records([[1]]).subarray(0, 3000) }, "E_TRUNCATED", "data_batch_2.bin"],
    ["no test file of CIFAR-100", without(hundred, "test.bin"), "E_NOT_FOUND", "test.bin"],
    ["names that do not fit", { ...ten, "batches.meta.txt": names(3) }, "E_SHAPE", "batches.meta.txt", "3 classes"],
    ["both kinds", { ...ten, ...hundred }, "E_FORMAT", "CIFAR-10 and CIFAR-100"],
  ])("is refused with %s", async (_, files, code, ...words) => {
    const folder = folderOf(files);
    await expectError(() => openDataset(folder), code, ...words);
  });
});

describe("class folders", () => {
  const colours: Record<string, number[]> = { apple: [200, 10, 10], leaf: [10, 200, 10], sea: [10, 10, 200] };
  const flat =
    (colour: readonly number[]): Colour =>
    () =>
      colour;
  /** n pictures of each class, PNG and JPEG, of various sizes, flat in their class's colour. */
  const pictures = (n: number, prefix = "", classes = Object.keys(colours)): Files =>
    Object.fromEntries(
      classes.flatMap((name) =>
        Array.from({ length: n }, (_, i) => {
          const size = [40 + i, 64 - i] as const;
          return i % 2 === 0
            ? [`${prefix}${name}/${i}.png`, png(...size, flat(colours[name]!))]
            : [`${prefix}${name}/${i}.JPG`, jpg(...size, flat(colours[name]!))];
        }),
      ),
    );

  it("open with a test set held out, and say so", async () => {
    const dataset = await openDataset(folderOf({ ...pictures(14), "notes.txt": "x", "apple/Thumbs.db": "x" }));
    expect(dataset.classNames).toEqual(["apple", "leaf", "sea"]);
    expect([dataset.channels, dataset.height, dataset.width]).toEqual([3, 32, 32]);
    expect([dataset.train.count, dataset.validation.count, dataset.test.count]).toEqual([31, 5, 6]);
    expect(dataset.notes).toHaveLength(1);
    expect(dataset.notes![0]).toMatch(/no test folder: 6 of 42 pictures/);
    // Every picture has its class's colour: labels and pictures stayed together.
    for (const split of [dataset.train, dataset.validation, dataset.test]) {
      split.labels.forEach((label, i) => {
        const middle = [0, 1, 2].map((c) => split.images[(i * 3 + c) * 1024 + 500]!);
        middle.forEach((value, c) => {
          expect(Math.abs(value - Object.values(colours)[label]![c]!)).toBeLessThanOrEqual(4);
        });
      });
    }
  });

  it("open with train and test, with train, val and test, and in a size of one's own", async () => {
    const two = await openDataset(folderOf({ ...pictures(7, "train/"), ...pictures(2, "test/", ["sea"]) }), {
      size: { width: 8, height: 6 },
    });
    expect([two.train.count, two.validation.count, two.test.count, two.height, two.width]).toEqual([18, 3, 2, 6, 8]);
    expect([...two.test.labels]).toEqual([2, 2]);
    expect(two.notes).toEqual([]);
    for (const val of ["val", "valid", "validation", "Val"]) {
      const three = await openDataset(folderOf({ ...pictures(3, "train/"), ...pictures(2, `${val}/`), ...pictures(1, "test/") }));
      expect([three.train.count, three.validation.count, three.test.count]).toEqual([9, 6, 3]);
    }
    const noTest = await openDataset(folderOf({ ...pictures(7, "train/"), ...pictures(1, "val/") }));
    expect([noTest.train.count, noTest.validation.count, noTest.test.count]).toEqual([18, 3, 3]);
    expect(noTest.notes).toHaveLength(1);
  });

  it("become grey if every picture is, or if asked", async () => {
    const greys = (n: number): Files =>
      Object.fromEntries(
        ["a", "b"].flatMap((name, c) =>
          Array.from({ length: n }, (_, i) => [`${name}/${i}.png`, png(32, 32, flat(i % 2 ? [100 * c] : [100 * c, 100 * c, 100 * c]))]),
        ),
      );
    const grey = await openDataset(folderOf(greys(4)));
    expect([grey.channels, grey.train.images.length]).toEqual([1, grey.train.count * 1024]);
    grey.train.labels.forEach((label, i) => {
      expect(grey.train.images[i * 1024]).toBe(100 * label);
    });
    expect((await openDataset(folderOf(greys(4)), { channels: 3 })).channels).toBe(3);
    expect((await openDataset(folderOf({ ...greys(4), "a/red.png": png(9, 9, flat([1, 0, 0])) }))).channels).toBe(3);
    const asked = await openDataset(folderOf(pictures(3)), { channels: 1, validation: 0 });
    expect(asked.channels).toBe(1);
    asked.train.labels.forEach((label, i) => {
      expect(Math.abs(asked.train.images[i * 1024 + 500]! - [67, 122, 32][label]!)).toBeLessThanOrEqual(3);
    });
  });

  it("are split the same way every time, limited before anything is decoded, and follow links", async () => {
    const folder = folderOf(pictures(14));
    const first = await openDataset(folder);
    const again = await openDataset(folder);
    expect(again).toEqual(first);
    expect((await openDataset(folder, { seed: 1 })).test.images).not.toEqual(first.test.images);
    const progress: number[] = [];
    const limited = await openDataset(folder, {
      limit: { train: 9, test: 3 },
      validation: 3,
      onProgress: ({ done, total }) => progress.push(done, total),
    });
    expect([limited.train.count, limited.validation.count, limited.test.count]).toEqual([6, 3, 3]);
    expect(progress).toEqual(Array.from({ length: 12 }, (_, i) => [i + 1, 12]).flat());
    const linked = folderOf({ "apple/a.png": png(9, 9, flat([1, 2, 3])), "apple/b.png": png(9, 9, flat([1, 2, 3])) });
    symlinkSync(join(folder, "sea"), join(linked, "sea"));
    expect((await openDataset(linked)).classNames).toEqual(["apple", "sea"]);
  });

  it("stop at a signal", async () => {
    const stop = new AbortController();
    const run = openDataset(folderOf(pictures(5)), { signal: stop.signal, onProgress: () => stop.abort() });
    await expectError(() => run, "E_ABORTED", "reading the pictures");
  });

  const good = pictures(3);
  it.each<[string, Files, ErrorCode, string[], OpenOptions?]>([
    ["an unreadable picture", { ...good, "leaf/bad.png": "not a picture" }, "E_FORMAT", ["leaf", "bad.png"]],
    ["a cut picture", { ...good, "leaf/cut.jpg": jpg(40, 40, flat([1, 2, 3])).subarray(0, 400) }, "E_TRUNCATED", ["cut.jpg"]],
    ["an empty class", { ...good, "moon/readme.txt": "x" }, "E_NOT_FOUND", ["moon", "no pictures"]],
    ["one class only", pictures(3, "", ["sea"]), "E_FORMAT", ["one class only"]],
    ["no training folder", { ...pictures(1, "test/"), ...pictures(1, "val/") }, "E_NOT_FOUND", ['no folder "train"']],
    ["no classes in train", { "train/a.png": good["sea/0.png"]!, ...pictures(1, "test/") }, "E_NOT_FOUND", ["train", "no class folders"]],
    ["no pictures in test", { ...pictures(2, "train/"), "test/sea/x.txt": "x" }, "E_NOT_FOUND", ["test", "no pictures"]],
    [
      "a test class that train lacks",
      { ...pictures(2, "train/", ["sea", "leaf"]), ...pictures(1, "test/") },
      "E_FORMAT",
      ["test", '"apple"', "leaf, sea"],
    ],
    [
      "two validation folders",
      { ...pictures(2, "train/"), ...pictures(1, "val/"), ...pictures(1, "valid/") },
      "E_FORMAT",
      ["val and valid"],
    ],
    ["an impossible size", good, "E_OPTION", ["0x8"], { size: { width: 0, height: 8 } }],
    ["impossible channels", good, "E_OPTION", ["channels 2"], { channels: 2 }],
    [
      "a size that fills the memory",
      pictures(60, "", ["sea", "leaf"]),
      "E_TOO_LARGE",
      ["4096x4096x3"],
      { size: { width: 4096, height: 4096 } },
    ],
  ])("are refused with %s", async (_, files, code, words, options) => {
    const folder = folderOf(files);
    await expectError(() => openDataset(folder, options), code, ...words);
  });
});

describe("openDataset", () => {
  it("names a folder that is missing, empty, a file, or something else", async () => {
    const folder = folderOf({ "a.txt": "x", "b.csv": "x" });
    await expectError(() => openDataset(join(folder, "nowhere")), "E_NOT_FOUND", "nowhere", "no such folder");
    await expectError(() => openDataset(join(folder, "a.txt")), "E_NOT_FOUND", "a.txt", "not a folder");
    await expectError(() => openDataset(folder), "E_NOT_FOUND", "a.txt, b.csv", "class folders");
    await expectError(() => openDataset(folderOf()), "E_NOT_FOUND", "empty");
  });
});
