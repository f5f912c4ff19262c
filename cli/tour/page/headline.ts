/** The sentences at the top: made from the numbers, and claiming no more than the intervals allow. */
import type { BackendTiming, Report } from "../record.ts";
import { milliseconds, percent, points, range } from "./format.ts";

function work(saved: number): string {
  // A saving that rounds to nothing is none.
  const shown = percent(Math.abs(saved));
  if (shown === percent(0)) return "as many multiply-adds as the dense one";
  return `${shown} ${saved > 0 ? "fewer" : "more"} multiply-adds`;
}

/** "The packed network does 52.4 % fewer multiply-adds and loses 0.8 points of accuracy (95 %: −1.3 … −0.3)" */
export function headline({ saved, difference }: Report): string {
  const { size, value, range } = points(difference);
  const interval = `(95\u00a0%:\u00a0${range})`;
  const does = `The packed network does ${work(saved.macs)}`;
  if (difference.high < 0) return `${does} and loses ${size}\u00a0points of accuracy ${interval}`;
  if (difference.low > 0) return `${does} and gains ${size}\u00a0points of accuracy ${interval}`;
  return `${does}, with no clear change in accuracy: ${value}\u00a0points ${interval}`;
}

/** What the interval of the accuracies means in words. */
export function accuracySentence({ dataset, difference }: Report): string {
  const compared = "Accuracy is compared with the plain ReLU network of the same training run, on the same";
  const images = dataset.test.toLocaleString("en-US");
  const verdict =
    difference.low <= 0 && difference.high >= 0
      ? "The interval contains zero: these images cannot tell the two apart, which is not a proof that they are equal."
      : "The interval does not contain zero: it is unlikely to be the luck of these images.";
  return `${compared} ${images} test images. ${verdict}`;
}

/** The speed of one backend in words; why not, where it was not measured. */
export function speedSentence(backend: string, timing: BackendTiming): string {
  if ("unavailable" in timing) return `${backend}: unavailable, ${timing.unavailable}.`;
  const { dense, packed, ratio } = timing;
  const times = `${milliseconds(packed.msPerImage)} per image where the dense one takes ${milliseconds(dense.msPerImage)}`;
  const ratioText = `${ratio.value.toFixed(2)}\u00a0times as fast (95\u00a0%:\u00a0${range(ratio)})`;
  const verdict = ratio.low <= 1 && ratio.high >= 1 ? `no clear difference, ${ratioText}` : ratioText;
  return `${backend}: the packed network takes ${times}: ${verdict}.`;
}
