/** A trainer's events as lines on the terminal, none wider than 80 columns. */
import type { TrainerEvent } from "../training/events.ts";
import { clock, type Output, percent } from "./output.ts";

export interface ProgressOptions {
  /** What is being trained, in 12 columns. */
  readonly label: string;
  /** Steps of trainings that follow, which the time left shall count in. */
  readonly later?: number;
}

const share = (fraction: number): string => percent(fraction, 1).padStart(7);

/** Epochs stay on the screen, steps replace each other. */
export function trainingProgress(output: Output, { label, later = 0 }: ProgressOptions): (event: TrainerEvent) => void {
  const start = performance.now();
  const name = label.padEnd(12);
  let first = 0;
  return (event) => {
    if (event.kind === "start") first = event.step;
    if (event.kind === "step") {
      const perStep = (performance.now() - start) / Math.max(1, event.step - first);
      const left = clock(perStep * (event.steps - event.step + later));
      const step = `step ${event.step}/${event.steps}`;
      output.progress(`${name}  ${step}  loss ${event.loss.toFixed(3)}  accuracy ${share(event.accuracy)}  ${left} left`);
    }
    if (event.kind === "recovered") {
      output.note(`${event.why}: on ${event.backend} from step ${event.step} (it was at step ${event.lostAt})`);
    }
    if (event.kind === "epoch") {
      const of = event.epochs === undefined ? "" : `/${event.epochs}`;
      const epoch = `${event.epoch}${of}`.padStart(5);
      const validation = event.validation ? `  validation ${share(event.validation.accuracy)}` : "";
      const seconds = `${event.seconds.toFixed(1)} s`.padStart(6);
      output.progress(
        `${name}  ${epoch}  loss ${event.train.loss.toFixed(3)}  accuracy ${share(event.train.accuracy)}${validation}  ${seconds}`,
        true,
      );
    }
  };
}
