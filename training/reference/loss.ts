/** Cross entropy with label smoothing, the gradients of it and of softmax, and the running totals of loss and hits. */
import { InputError } from "../../src/errors.ts";
import { at, type ReferenceIo } from "../../src/reference/kernel.ts";
import { logSumExp } from "../../src/reference/softmax.ts";

interface LossAttrs {
  readonly label_smoothing: number;
}

/** Calls `visit` for each example with its logits, its label, and where its row starts. */
function eachExample(io: ReferenceIo<unknown>, visit: (logits: Float64Array, label: number, start: number) => void): void {
  const [examples = 1, classes = 1] = io.shape("logits");
  for (let n = 0; n < examples; n++) {
    const label = at(io.input("labels"), n);
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InputError("E_INPUT", `label ${label} of example ${n} is no class; labels go from 0 to ${classes - 1}`);
    }
    visit(io.input("logits").subarray(n * classes, (n + 1) * classes), label, n * classes);
  }
}

/** q[k] = (1 − s)·[k = label] + s/K */
function target(k: number, label: number, classes: number, smoothing: number): number {
  return (k === label ? 1 - smoothing : 0) + smoothing / classes;
}

export function crossEntropy(io: ReferenceIo<LossAttrs>): void {
  const y = io.output("y");
  const [examples = 1] = io.shape("logits");
  eachExample(io, (logits, label) => {
    const total = logSumExp(logits);
    logits.forEach((logit, k) => {
      const q = target(k, label, logits.length, io.attrs.label_smoothing);
      // a class that is no target may have a logit of −∞
      if (q !== 0) y[0] = at(y, 0) - (q * (logit - total)) / examples;
    });
  });
}

export function crossEntropyDx(io: ReferenceIo<LossAttrs>): void {
  const dy = at(io.input("dy"), 0);
  const dx = io.output("dx");
  const [examples = 1] = io.shape("logits");
  eachExample(io, (logits, label, start) => {
    const total = logSumExp(logits);
    logits.forEach((logit, k) => {
      dx[start + k] = (dy * (Math.exp(logit - total) - target(k, label, logits.length, io.attrs.label_smoothing))) / examples;
    });
  });
}

export function softmaxDx(io: ReferenceIo<unknown>): void {
  const y = io.input("y");
  const dy = io.input("dy");
  const dx = io.output("dx");
  const [examples = 1, classes = 1] = io.shape("y");
  for (let n = 0; n < examples; n++) {
    let dot = 0;
    for (let k = n * classes; k < (n + 1) * classes; k++) dot += at(dy, k) * at(y, k);
    for (let k = n * classes; k < (n + 1) * classes; k++) dx[k] = at(y, k) * (at(dy, k) - dot);
  }
}

export function tally(io: ReferenceIo<unknown>): void {
  const totals = io.output("next");
  const [examples = 1] = io.shape("logits");
  let hits = 0;
  eachExample(io, (logits, label) => {
    let prediction = 0;
    logits.forEach((logit, k) => {
      if (logit > at(logits, prediction)) prediction = k;
    });
    if (prediction === label) hits++;
  });
  totals[0] = at(totals, 0) + at(io.input("loss"), 0) * examples;
  totals[1] = at(totals, 1) + hits;
  totals[2] = at(totals, 2) + examples;
}

export function fill(io: ReferenceIo<{ readonly value: number }>): void {
  io.output("y").fill(io.attrs.value);
}
