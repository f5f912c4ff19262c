/** dx = Σ dy · w and dw = Σ dy · x, over the products that make up the convolution. */
import type { ConvAttrs } from "../../src/ops/conv2d.ts";
import { eachProduct } from "../../src/reference/conv2d.ts";
import { at, type ReferenceIo } from "../../src/reference/kernel.ts";

export function conv2dDx(io: ReferenceIo<ConvAttrs>): void {
  const w = io.input("w");
  const dy = io.input("dy");
  const dx = io.output("dx");
  eachProduct(io.shape("dx"), io.shape("w"), io.shape("dy"), io.attrs, (xi, wi, yi) => {
    dx[xi] = at(dx, xi) + at(dy, yi) * at(w, wi);
  });
}

export function conv2dDw(io: ReferenceIo<ConvAttrs>): void {
  const x = io.input("x");
  const dy = io.input("dy");
  const dw = io.output("dw");
  eachProduct(io.shape("x"), io.shape("dw"), io.shape("dy"), io.attrs, (xi, wi, yi) => {
    dw[wi] = at(dw, wi) + at(dy, yi) * at(x, xi);
  });
}
