/** What the project knows about public data sets: where they lie, what their files must hash to, and what their classes are called. */

export type KnownName = "mnist" | "fashion-mnist" | "cifar-10" | "cifar-100";

/** One file to download. */
export interface RemoteFile {
  readonly url: string;
  /** Size in bytes: for the progress, and nothing beyond it is read. */
  readonly bytes: number;
  /** The MD5 that the publishers give. */
  readonly md5: string;
  /** For a tar.gz: the members to keep, by their name without folders. Everything else in it is left out. */
  readonly members?: readonly string[];
}

/** Where a data set comes from. */
export interface KnownSet {
  readonly title: string;
  readonly files: readonly RemoteFile[];
  /** Written as `classes.txt` where the files themselves do not name the classes. */
  readonly classNames?: readonly string[];
}

export const FASHION_CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

const MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist"; // PyTorch's mirror; the original site no longer serves the files
const FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"; // the publishers' address; it has no https
const CIFAR = "https://www.cs.toronto.edu/~kriz";

/** Data sets that can be fetched by name, with the sizes and checksums of their official files. */
export const KNOWN: Readonly<Record<KnownName, KnownSet>> = {
  mnist: {
    title: "MNIST handwritten digits",
    files: [
      { url: `${MNIST}/train-images-idx3-ubyte.gz`, bytes: 9_912_422, md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
      { url: `${MNIST}/train-labels-idx1-ubyte.gz`, bytes: 28_881, md5: "d53e105ee54ea40749a09fcbcd1e9432" },
      { url: `${MNIST}/t10k-images-idx3-ubyte.gz`, bytes: 1_648_877, md5: "9fb629c4189551a2d022fa330f9573f3" },
      { url: `${MNIST}/t10k-labels-idx1-ubyte.gz`, bytes: 4_542, md5: "ec29112dd5afa0611ce80d1b7f02629c" },
    ],
  },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    files: [
      { url: `${FASHION}/train-images-idx3-ubyte.gz`, bytes: 26_421_880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
      { url: `${FASHION}/train-labels-idx1-ubyte.gz`, bytes: 29_515, md5: "25c81989df183df01b3e8a0aad5dffbe" },
      { url: `${FASHION}/t10k-images-idx3-ubyte.gz`, bytes: 4_422_102, md5: "bef4ecab320f06d8554ea6380940ec79" },
      { url: `${FASHION}/t10k-labels-idx1-ubyte.gz`, bytes: 5_148, md5: "bb300cfdad3c16e7a12a480ee83cd310" },
    ],
    classNames: FASHION_CLASSES,
  },
  "cifar-10": {
    title: "CIFAR-10",
    files: [
      {
        url: `${CIFAR}/cifar-10-binary.tar.gz`,
        bytes: 170_052_171,
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        members: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat("test_batch.bin", "batches.meta.txt"),
      },
    ],
  },
  "cifar-100": {
    title: "CIFAR-100",
    files: [
      {
        url: `${CIFAR}/cifar-100-binary.tar.gz`,
        bytes: 168_513_733,
        md5: "03b5dce01913d631647c71ecec9e9cb8",
        members: ["train.bin", "test.bin", "fine_label_names.txt"],
      },
    ],
  },
};
