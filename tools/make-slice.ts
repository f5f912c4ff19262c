/**
 * Makes the slice of Fashion-MNIST that the repository carries: `npx tsx tools/make-slice.ts SOURCE [TARGET]`. SOURCE holds the four
 * official idx files (`swivel data fetch fashion-mnist SOURCE` gets them). The same source gives the same pictures, byte for byte.
 */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Split } from "../training/data/dataset.ts";
import { FASHION_CLASSES } from "../training/data/known.ts";
import { openDataset } from "../training/data/open.ts";

const TRAIN = 7_000;
const SEED = 0;

const [source, target = "data/fashion-mnist"] = process.argv.slice(2);
if (!source) {
  console.error("usage: npx tsx tools/make-slice.ts SOURCE [TARGET]   (SOURCE: a folder with the four official Fashion-MNIST idx files)");
  process.exit(2);
}

const dataset = await openDataset(source, { validation: 0, limit: { train: TRAIN }, seed: SEED });
const { height, width } = dataset;
if (dataset.classNames.length !== FASHION_CLASSES.length || dataset.test.count !== 10_000 || height !== 28 || width !== 28) {
  console.error(
    `${source} is not Fashion-MNIST: ${dataset.classNames.length} classes, ${dataset.test.count} test images of ${height}x${width}`,
  );
  process.exit(1);
}

const files: Record<string, Uint8Array> = {
  "train-images-idx3-ubyte": idx([dataset.train.count, height, width], dataset.train.images),
  "train-labels-idx1-ubyte": idx([dataset.train.count], labelBytes(dataset.train)),
  "t10k-images-idx3-ubyte": idx([dataset.test.count, height, width], dataset.test.images),
  "t10k-labels-idx1-ubyte": idx([dataset.test.count], labelBytes(dataset.test)),
};

await mkdir(target, { recursive: true });
for (const [name, bytes] of Object.entries(files)) await writeFile(join(target, `${name}.gz`), gzipSync(bytes, { level: 9 }));
await writeFile(join(target, "classes.txt"), `${FASHION_CLASSES.join("\n")}\n`);
await writeFile(join(target, "README.md"), readme());

function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 0x08, shape.length]);
  shape.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

function labelBytes(split: Split): Uint8Array {
  return Uint8Array.from(split.labels);
}

function people(count: number): string {
  return count.toLocaleString("en");
}

function readme(): string {
  const sums = Object.entries(files).map(([name, bytes]) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}`);
  return `# A slice of Fashion-MNIST

${people(TRAIN)} of the 60,000 training images of [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist), ${TRAIN / 10} of each of the ten classes, in their original order,
and all 10,000 test images, unchanged: grey pictures of 28 x 28. Small enough to ship, so that the main job runs without a download.
Made by Zalando SE, used under the MIT licence (\`LICENSE\`).

When Swivel opens this folder it holds ${people(TRAIN / 7)} of the training images out for validation, the same ones each time, which leaves ${people((TRAIN * 6) / 7)} to train on.

## How it was made
A stratified sample of the official training set with seed ${SEED}; \`SOURCE\` is a folder with the four official files:

\`\`\`
npx swivel data fetch fashion-mnist SOURCE
npx tsx tools/make-slice.ts SOURCE data/fashion-mnist
\`\`\`

SHA-256 of the files, unpacked (\`gzip -cd FILE.gz | sha256sum\`):

\`\`\`
${sums.join("\n")}
\`\`\`
`;
}
