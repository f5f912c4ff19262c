/**
 * `swivel-nn/training`: build a network, train it, cut it.
 *
 *     const dataset = await datasets.openDataset("data/mnist");
 *     const model = models.createModel("small-cnn", { activation: "rrelu", input: dataset, classes: dataset.classNames.length });
 *     const trainer = await Trainer.create({
 *       model: { graph: model.graph, tensors: model.init(new Random(1)) },
 *       data: dataset,
 *       epochs: 12,
 *       optimizer: optimizers.sgd({ rate: 0.05 }),
 *       schedule: schedules.cosine(),
 *       backend: await wasmTrainingBackend(),
 *     });
 *     await trainer.run();
 */
export type { Backend, Executable } from "../src/backends/backend.ts";
export { GraphBuilder } from "../src/graph/builder.ts";
export { optimize } from "../src/passes/index.ts";
export { Attacker, type AttackResult, type AttackSettings } from "./attack.ts";
export { type Differentiated, type DifferentiateOptions, differentiate } from "./autodiff.ts";
export { type Fastest, fastestTrainingBackend, type TrainingTask } from "./backends/fastest.ts";
export { wasmTrainingBackend } from "./backends/wasm.ts";
export { webgpuTrainingBackend } from "./backends/webgpu.ts";
export { type DispatchDescription, type DispatchOptions, type GraphDispatches, webgpuDispatches } from "./backends/webgpu_dispatches.ts";
export type { Augment, Batch, BatchOptions, BatchSource, Dataset, Split } from "./data/index.ts";
export * as datasets from "./data/index.ts";
export { evaluate } from "./evaluate.ts";
export type { CheckpointEvent, DoneEvent, EpochEvent, RecoveredEvent, Slopes, StartEvent, StepEvent, TrainerEvent } from "./events.ts";
export type { CustomData, PassInfo, SplitName, TrainingData } from "./feed.ts";
export { type GroupSettings, type L1, type ParameterGroup, type ResolvedGroup, resolveGroups, slopeGroup } from "./groups.ts";
export { type InitialiseOptions, initialise } from "./initialise.ts";
export { evaluationGraph, type Score } from "./losses.ts";
export * as measure from "./measure/index.ts";
export type { Architecture, ArchitectureName, ModelOptions } from "./models/index.ts";
export * as models from "./models/index.ts";
export { type BuiltNet, Net, type NetInput, type Tap } from "./net.ts";
export { trainingOps } from "./ops/index.ts";
export type { AdamOptions, Optimizer, OptimizerSettings, SgdOptions } from "./optimizers.ts";
export * as optimizers from "./optimizers.ts";
export { type ParameterKind, parameterKinds, slopeNames } from "./parameters.ts";
export * as prune from "./prune/index.ts";
export { Random } from "./random.ts";
export type { Recipe } from "./recipe.ts";
export * as recipes from "./recipes/index.ts";
export type { Schedule, ScheduleSettings } from "./schedules.ts";
export * as schedules from "./schedules.ts";
export { defaultSettings, settingsOf, type TrainingSettings, trainerSettings } from "./settings.ts";
export { Trainer } from "./trainer.ts";
export type { CheckpointOptions, ResumeOptions, TrainerOptions, TrainerSettings } from "./trainer_options.ts";
export { type GroupBlocks, type TrainingGraph, type TrainingGraphOptions, trainingGraph } from "./training_graph.ts";
