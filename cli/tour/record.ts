/** What the main job measures: `report.json` is its public part, `report.html` shows all of it. Shares and accuracies are fractions. */

import type { Interval } from "../../src/intervals.ts";

export interface NetworkFacts {
  /** Share of test images classified correctly. */
  readonly accuracy: number;
  readonly params: number;
  /** Multiply-adds per image. */
  readonly macs: number;
  /** Size of the model file. */
  readonly bytes: number;
}

export interface Timing {
  /** Median over interleaved rounds, one image at a time. */
  readonly msPerImage: number;
}

/** `ratio` is dense over packed: how many times as fast the packed network is. */
export type BackendTiming =
  | { readonly adapter?: string; readonly dense: Timing; readonly packed: Timing; readonly ratio: Interval }
  | { readonly unavailable: string };

/** One way of training, before any cut. */
export interface ArmFacts {
  readonly name: string;
  /** Share of test images classified correctly. */
  readonly accuracy: number;
  readonly aliveFilters: number;
  readonly totalFilters: number;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly engine: string;
  readonly platform: string;
  readonly date: string;
}

/** The contents of `report.json`. */
export interface Report {
  readonly dataset: { readonly name: string; readonly train: number; readonly validation: number; readonly test: number };
  readonly arms: readonly ArmFacts[];
  readonly dense: NetworkFacts;
  readonly packed: NetworkFacts;
  readonly scratch: { readonly accuracy: number };
  /** Fractions of the dense network's. */
  readonly saved: { readonly params: number; readonly macs: number; readonly bytes: number };
  /** Packed minus ReLU in accuracy on the same test images. */
  readonly difference: Interval;
  readonly threshold: number;
  readonly backends: { readonly wasm: BackendTiming; readonly webgpu: BackendTiming };
  readonly seed: number;
  readonly machine: Machine;
  /** Wall-clock time of the whole job. */
  readonly seconds: number;
}

/** One point of a training curve, at the end of an epoch. */
export interface CurvePoint {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

export interface SlopeHistory {
  readonly layer: string;
  /** [points + 1][filters] */
  readonly values: readonly (readonly number[])[];
}

export interface ArmHistory {
  readonly name: string;
  readonly points: readonly CurvePoint[];
  /** Rotated activations with all their slopes: before training, then one row for each point; empty for plain ReLU. */
  readonly slopes: readonly SlopeHistory[];
}

export interface ThresholdPoint {
  readonly threshold: number;
  /** On the validation share, cut and not fine-tuned. */
  readonly accuracy: number;
  readonly savedMacs: number;
  readonly alive: number;
}

/** One node of a network at batch 1. */
export interface LayerFacts {
  readonly name: string;
  /** Multiply-adds per image. */
  readonly macs: number;
  /** Its weights in the model file. */
  readonly bytes?: number;
  /** Median ms per image; missing where nodes were not timed. */
  readonly ms?: number;
}

/** All that the page shows. */
export interface TourRecord {
  readonly report: Report;
  readonly histories: readonly ArmHistory[];
  readonly thresholds: readonly ThresholdPoint[];
  readonly survivors: readonly { readonly layer: string; readonly alive: number; readonly total: number }[];
  /** Node by node, for the side-by-side picture. */
  readonly layers: { readonly dense: readonly LayerFacts[]; readonly packed: readonly LayerFacts[] };
}
