/** What the page and its studio (the worker that trains, cuts and compares) tell each other. Shares and accuracies are fractions. */
import type { Explanation } from "swivel-nn";
import type { measure } from "swivel-nn/training";
import type { Settings } from "./settings.ts";

/**
 * Where the work stands. `ready`: nothing trained; `paused` and `training`, `tuning` and `tuning-paused` are the two trainings; `weighing`: the curve of
 * the cut is being measured; `trained`: it may be cut; `testing`: both networks are tested and timed; `done`: the packed network is there.
 */
export type Phase = "ready" | "loading" | "training" | "paused" | "weighing" | "trained" | "tuning" | "tuning-paused" | "testing" | "done";

/** A point of the learning curves. Those at the end of an epoch have been validated. */
export interface LearningPoint {
  readonly stage: "training" | "tuning";
  /** In epochs, from the first of the stage. */
  readonly at: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validation?: { readonly loss: number; readonly accuracy: number };
}

/** One activation's channels: slopes, or other scores where there are none. */
export interface Layer {
  readonly name: string;
  readonly values: readonly number[];
}

/** What a cut at a threshold would leave. */
export interface CutPoint {
  readonly threshold: number;
  readonly alive: number;
  readonly macs: number;
  readonly params: number;
  /** Of the packed file; estimated from what its tensors will hold. */
  readonly bytes: number;
  /** On the validation share, cut and not fine-tuned; where it was measured. */
  readonly accuracy?: number;
  /** Median of one image on WebAssembly in one thread; where it was measured. */
  readonly ms?: number;
}

export interface CutCurve {
  /** By what channels are ranked: slopes, or filters' norms in a network without slopes. */
  readonly criterion: "slope" | "l1";
  readonly layers: readonly Layer[];
  /** The slopes themselves, with their signs. */
  readonly slopes: readonly Layer[];
  readonly channels: number;
  readonly before: { readonly macs: number; readonly params: number; readonly bytes: number };
  /** By rising threshold. */
  readonly points: readonly CutPoint[];
  /** The threshold that the page proposes. */
  readonly proposed: number;
  /** Images that accuracies were measured on. */
  readonly images: number;
}

export interface NetworkFacts {
  readonly accuracy: number;
  readonly params: number;
  readonly macs: number;
  /** Of the file. */
  readonly bytes: number;
}

/** Times of one image on one backend, one thread, in turns; or why there are none. */
export type Timing =
  | {
      readonly dense?: number;
      readonly packed: number;
      /** packed / dense. */
      readonly ratio?: measure.Interval;
      readonly explanation: Explanation;
    }
  | { readonly unavailable: string };

export interface Results {
  readonly data: string;
  readonly classNames: readonly string[];
  /** Test images that both networks were judged on; 0 where there is no data. */
  readonly tested: number;
  /** The network before the cut, folded as the packed one is; missing where only a packed network was opened. */
  readonly dense?: NetworkFacts;
  readonly packed: NetworkFacts;
  readonly saved?: { readonly params: number; readonly macs: number; readonly bytes: number };
  /** Packed minus dense, in accuracy on the same images. */
  readonly difference?: measure.Interval;
  readonly alive?: number;
  readonly channels?: number;
  readonly threshold?: number;
  readonly timings: { readonly wasm: Timing; readonly webgpu: Timing };
  /** Processor, browser, day. */
  readonly machine: { readonly cores: number; readonly browser: string; readonly date: string };
  /** From Train to packed, where all of it was done without a pause. */
  readonly seconds?: number;
}

/** The file that "report" downloads. */
export interface ReportFile {
  readonly kind: "swivel report";
  readonly version: 1;
  readonly settings: Settings;
  readonly results: Results;
  readonly learning: readonly LearningPoint[];
  readonly curve?: CutCurve;
}

export interface ClassSummary {
  readonly name: string;
  readonly count: number;
  /** A few of them, RGBA, THUMB × THUMB. */
  readonly thumbs: readonly Uint8ClampedArray<ArrayBuffer>[];
}

/** Side of the pictures that the page shows of each class. */
export const THUMB = 32;
export const PICTURES_LEAST = 20;
export const PICTURES_MOST = 300;
export const CLASSES_MOST = 10;

/** The studio's first message. */
export const READY = "swivel studio is ready";

/** Everything that a page needs to draw itself anew. */
export interface Snapshot {
  readonly phase: Phase;
  readonly settings?: Settings;
  readonly learning: readonly LearningPoint[];
  readonly layers: readonly Layer[];
  readonly curve?: CutCurve;
  readonly threshold?: number;
  readonly results?: Results;
  readonly classes: readonly ClassSummary[];
  readonly storage: StorageState;
  readonly threads: { readonly count: number; readonly why: string };
  readonly webgpu: string;
}

export type StorageState = "kept" | "unavailable" | "full";

export type StudioEvent =
  | { readonly kind: "phase"; readonly phase: Phase; readonly note?: string }
  | { readonly kind: "progress"; readonly share: number; readonly epoch: number; readonly epochs: number; readonly secondsLeft: number }
  | { readonly kind: "learning"; readonly point: LearningPoint }
  | { readonly kind: "layers"; readonly layers: readonly Layer[] }
  | { readonly kind: "curve"; readonly curve: CutCurve; readonly done: boolean }
  | { readonly kind: "results"; readonly results: Results }
  | { readonly kind: "backend"; readonly explanation: Explanation }
  | { readonly kind: "storage"; readonly storage: StorageState }
  | { readonly kind: "notice"; readonly text: string };

/** What one network makes of one picture. */
export interface Guess {
  /** Softmax of its logits. */
  readonly shares: readonly number[];
}

export interface Prediction {
  readonly dense?: Guess;
  readonly packed: Guess;
}

export interface TestPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly label: string;
}
