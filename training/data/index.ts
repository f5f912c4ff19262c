/** Data sets: reading, splitting, batching and fetching them. Importing this touches no file, network, browser or Node global. */
export type { AssembleOptions } from "./assemble.ts";
export { type Augment, type BatchOptions, batchCount, batches } from "./batches.ts";
export { type CifarFiles, type CifarKind, datasetFromCifar, parseCifar } from "./cifar.ts";
export { type Batch, type BatchSource, type Dataset, type Split, statistics } from "./dataset.ts";
export { fashionSlice } from "./fashion.ts";
export { type FetchOptions, type FetchProgress, fetchDataset } from "./fetch.ts";
export { datasetFromIdx, type Idx, type IdxFiles, type NamedBytes, parseIdx, readIdx } from "./idx.ts";
export { datasetFromImages, type ImageClass, type ImagesOptions, type PictureOptions } from "./images.ts";
export { KNOWN, type KnownName, type KnownSet, type RemoteFile } from "./known.ts";
export { type OpenOptions, openDataset } from "./open.ts";
export { pick, splitOff } from "./split.ts";
