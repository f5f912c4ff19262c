/** dx[n,i] = Σ_o dy[n,o] · w[o,i] and dw[o,i] = Σ_n dy[n,o] · x[n,i] */
import { at, type ReferenceIo } from "../../src/reference/kernel.ts";

/** Calls `visit` with the element indices of every product of a linear layer. */
function eachProduct(io: ReferenceIo<unknown>, w: string, visit: (x: number, w: number, y: number) => void): void {
  const [examples = 1] = io.shape("dy");
  const [outputs = 1, inputs = 1] = io.shape(w);
  for (let n = 0; n < examples; n++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) visit(n * inputs + i, o * inputs + i, n * outputs + o);
    }
  }
}

export function linearDx(io: ReferenceIo<unknown>): void {
  const w = io.input("w");
  const dy = io.input("dy");
  const dx = io.output("dx");
  eachProduct(io, "w", (xi, wi, yi) => {
    dx[xi] = at(dx, xi) + at(dy, yi) * at(w, wi);
  });
}

export function linearDw(io: ReferenceIo<unknown>): void {
  const x = io.input("x");
  const dy = io.input("dy");
  const dw = io.output("dw");
  eachProduct(io, "dw", (xi, wi, yi) => {
    dw[wi] = at(dw, wi) + at(dy, yi) * at(x, xi);
  });
}
