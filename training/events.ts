/** What a trainer tells while it runs. Numbers are fractions and seconds; nothing here is needed to go on. */
import type { BackendName } from "../src/backends/backend.ts";
import type { Score } from "./losses.ts";

/** The slopes of every rotated activation by tensor, in the order of the forward pass. */
export type Slopes = Readonly<Record<string, Float32Array>>;

/** Before the first step of a run, or of its continuation. */
export interface StartEvent {
  readonly kind: "start";
  /** Updates done, and of the whole run. */
  readonly step: number;
  readonly steps: number;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  readonly slopes: Slopes;
}

/** Every few steps: loss and accuracy over the examples since the last such event (training mode, augmented). */
export interface StepEvent extends Score {
  readonly kind: "step";
  readonly step: number;
  readonly steps: number;
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** The rate of the last update, before groups scale it. */
  readonly rate: number;
  /** Since the last such event. */
  readonly seconds: number;
}

/** After each pass over the data. */
export interface EpochEvent {
  readonly kind: "epoch";
  /** Epochs finished. */
  readonly epoch: number;
  readonly epochs?: number;
  readonly step: number;
  readonly steps: number;
  readonly train: Score;
  /** Where there are validation images. */
  readonly validation?: Score;
  readonly slopes: Slopes;
  /** Of this epoch, validation included. */
  readonly seconds: number;
}

/** A checkpoint has been written. */
export interface CheckpointEvent {
  readonly kind: "checkpoint";
  readonly step: number;
  readonly bytes: number;
}

/** The GPU was taken away in the middle; the run goes on from the last copy of its weights, on another device. Steps since then are done again. */
export interface RecoveredEvent {
  readonly kind: "recovered";
  /** Where it goes on, and where it was. */
  readonly step: number;
  readonly lostAt: number;
  /** On which backend it goes on, and why. */
  readonly backend: BackendName;
  readonly why: string;
}

/** The last of a run's events. */
export interface DoneEvent {
  readonly kind: "done";
  readonly step: number;
  readonly epoch: number;
}

/** What a training tells as it goes; `kind` says which. */
export type TrainerEvent = StartEvent | StepEvent | EpochEvent | CheckpointEvent | RecoveredEvent | DoneEvent;
