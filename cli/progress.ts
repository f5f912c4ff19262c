/** A trainer's events as lines on the terminal. */
import type { TrainerEvent } from "../training/events.ts";
import { clock, type Output, percent } from "./output.ts";

/** `label`: what is being trained. Epochs stay on the screen, steps replace each other. */
export function trainingProgress(output: Output, label: string): (event: TrainerEvent) => void {
  const start = performance.now();
  let first = 0;
  return (event) => {
    if (event.kind === "start") first = event.step;
    if (event.kind === "step") {
      const elapsed = performance.now() - start;
      const left = (elapsed / Math.max(1, event.step - first)) * (event.steps - event.step);
      output.progress(
        `${label}: step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(3)}, accuracy ${percent(event.accuracy, 1)}, ${clock(left)} left`,
      );
    }
    if (event.kind === "epoch") {
      const of = event.epochs === undefined ? "" : ` of ${event.epochs}`;
      const validation = event.validation ? `, validation ${percent(event.validation.accuracy, 1)}` : "";
      output.progress(
        `${label}: epoch ${event.epoch}${of}, loss ${event.train.loss.toFixed(3)}, accuracy ${percent(event.train.accuracy, 1)}${validation}, ${event.seconds.toFixed(1)} s`,
        true,
      );
    }
  };
}
