/** Ops that move whole channels. Each says where channel `from` of an input lands in y; the copying is the same for all. */
import { asChannels, at, type ReferenceIo } from "./kernel.ts";

/** y[n, to] += x[n, from], pixel by pixel. */
function addChannel(io: ReferenceIo<unknown>, slot: string, from: number, to: number): void {
  const x = io.input(slot);
  const y = io.output("y");
  const [examples, xChannels, pixels] = asChannels(io.shape(slot));
  const [, yChannels] = asChannels(io.shape("y"));
  for (let n = 0; n < examples; n++) {
    for (let p = 0; p < pixels; p++) {
      const i = (n * yChannels + to) * pixels + p;
      y[i] = at(y, i) + at(x, (n * xChannels + from) * pixels + p);
    }
  }
}

export function concat(io: ReferenceIo<unknown>): void {
  let start = 0;
  for (const part of io.list("x")) {
    const [, channels] = asChannels(io.shape(part));
    for (let c = 0; c < channels; c++) addChannel(io, part, c, start + c);
    start += channels;
  }
}

export function padChannels(io: ReferenceIo<{ readonly before: number; readonly after: number }>): void {
  const [, channels] = asChannels(io.shape("x"));
  for (let c = 0; c < channels; c++) addChannel(io, "x", c, io.attrs.before + c);
}

export function sliceChannels(io: ReferenceIo<{ readonly start: number; readonly count: number }>): void {
  for (let c = 0; c < io.attrs.count; c++) addChannel(io, "x", io.attrs.start + c, c);
}

export function gatherChannels(io: ReferenceIo<{ readonly index: readonly number[] }>): void {
  io.attrs.index.forEach((from, to) => {
    addChannel(io, "x", from, to);
  });
}

export function scatterAddChannels(io: ReferenceIo<{ readonly index: readonly number[]; readonly channels: number }>): void {
  const y = io.output("y");
  const base = io.has("base") ? io.input("base") : new Float64Array(1);
  // a single example of base starts again with each example of y
  for (let i = 0; i < y.length; i++) y[i] = at(base, i % base.length);
  io.attrs.index.forEach((to, from) => {
    addChannel(io, "x", from, to);
  });
}
