/** What the page knows, and who draws it. Events of the studio change it; whoever listens is told what has changed. */
import type { Explanation } from "swivel-nn";
import type {
  ClassSummary,
  CutCurve,
  Layer,
  LearningPoint,
  Phase,
  Results,
  Snapshot,
  StorageState,
  StudioEvent,
} from "../shared/messages.ts";
import { readSettings, type Settings } from "../shared/settings.ts";

export interface State {
  readonly phase: Phase | "starting" | "failed";
  readonly settings: Settings;
  readonly learning: readonly LearningPoint[];
  readonly layers: readonly Layer[];
  readonly curve: CutCurve | undefined;
  /** The curve has all its points. */
  readonly curveDone: boolean;
  readonly threshold: number;
  readonly results: Results | undefined;
  readonly classes: readonly ClassSummary[];
  readonly storage: StorageState;
  readonly threads: Snapshot["threads"];
  readonly webgpu: string;
  readonly progress: { readonly share: number; readonly epoch: number; readonly epochs: number; readonly secondsLeft: number } | undefined;
  readonly explanation: Explanation | undefined;
}

type Listener = (state: State, changed: ReadonlySet<keyof State>) => void;

const listeners: Listener[] = [];
let changed = new Set<keyof State>();

export let state: State = {
  phase: "starting",
  settings: readSettings(new URLSearchParams(location.search)),
  learning: [],
  layers: [],
  curve: undefined,
  curveDone: false,
  threshold: 0,
  results: undefined,
  classes: [],
  storage: "kept",
  threads: { count: 1, why: "" },
  webgpu: "",
  progress: undefined,
  explanation: undefined,
};

export function listen(listener: Listener): void {
  listeners.push(listener);
}

/** Listeners are told once, however much changes until the next turn. */
export function update(part: Partial<State>): void {
  state = { ...state, ...part };
  if (changed.size === 0) queueMicrotask(flush);
  for (const key of Object.keys(part)) changed.add(key as keyof State);
}

function flush(): void {
  const told = changed;
  changed = new Set();
  for (const listener of listeners) listener(state, told);
}

export function restoreFrom(snapshot: Snapshot): void {
  const { settings, curve, threshold, results, ...rest } = snapshot;
  const asked = location.search.length > 1;
  update({
    ...rest,
    // a link that asks for a set-up wins, unless there is work of another one
    ...(settings && !(asked && snapshot.phase === "ready") && { settings }),
    curve,
    curveDone: snapshot.phase !== "weighing" && curve !== undefined,
    threshold: threshold ?? curve?.proposed ?? 0,
    results,
  });
}

/** Phases in which there is nothing of a cut yet. */
const BEFORE_CUT: readonly Phase[] = ["ready", "loading", "training", "paused"];

export function hear(event: StudioEvent): void {
  switch (event.kind) {
    case "phase": {
      const fresh = event.phase === "loading" || event.phase === "ready";
      const before = BEFORE_CUT.includes(event.phase);
      const again = event.phase === "tuning" && state.phase !== "tuning-paused";
      update({
        phase: event.phase,
        ...(fresh && state.phase !== "paused" && state.phase !== "tuning-paused" && { learning: [] }),
        ...(before && { curve: undefined, curveDone: false }),
        ...(before && event.phase !== "ready" && { results: undefined }),
        ...(again && { results: undefined, learning: state.learning.filter(({ stage }) => stage === "training") }),
        progress: undefined,
      });
      break;
    }
    case "progress": {
      const { kind: _, ...progress } = event;
      update({ progress });
      break;
    }
    case "learning":
      update({ learning: [...state.learning, event.point] });
      break;
    case "layers":
      update({ layers: event.layers });
      break;
    case "curve":
      update({ curve: event.curve, curveDone: event.done, threshold: event.curve.proposed });
      break;
    case "results":
      update({ results: event.results });
      break;
    case "backend":
      update({ explanation: event.explanation });
      break;
    case "storage":
      update({ storage: event.storage });
      break;
    case "notice":
      break;
  }
}
