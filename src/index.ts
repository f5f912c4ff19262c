/** `swivel-nn`: what an app needs to run models, and what tools need to read and write their files. */
export type { Explanation, NodeTime, TensorData, Tensors } from "./backends/backend.ts";
export type { ValueInfo } from "./engine.ts";
export {
  AbortedError,
  BackendError,
  DataError,
  type ErrorCode,
  GraphError,
  InputError,
  ModelError,
  ShapeError,
  SwivelError,
  TrainingError,
} from "./errors.ts";
export { type Cost, costOf, type NodeCost } from "./graph/cost.ts";
export type { Attr, Dim, DType, Graph, Node, Role, Shape, Value } from "./graph/graph.ts";
export { type Model, readModel, type TrainingState, writeModel } from "./model/model.ts";
export type { Pixels } from "./model/pixels.ts";
export type { Preprocess } from "./model/preprocess.ts";
export {
  readSafetensors,
  type Safetensors,
  type SafetensorsOptions,
  type StoredTensor,
  type TensorToStore,
  writeSafetensors,
} from "./model/safetensors.ts";
export { ops } from "./ops/index.ts";
export type { SessionOptions } from "./options.ts";
export type { PixelSource } from "./pixels.ts";
export { type Input, Session, type SessionRunOptions } from "./session.ts";
export type { ModelSource, Progress } from "./source.ts";
export { type Ranked, topK } from "./top_k.ts";
