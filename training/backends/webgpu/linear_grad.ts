/** Gradients of linear: matrix products, cut into tiles like linear's. */

import { tileProduct } from "../../../src/backends/webgpu/kernels/product.ts";
import type { GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import { shaders } from "../generated/shaders.ts";

export const linearDx: GpuLowering = ({ io, gpu }) => {
  const [n = 1, cout = 1] = io.shape("dy");
  const [, cin = 1] = io.shape("w");
  const { constants, grid } = tileProduct({ rows: n, columns: cin, depth: cout, leftDeep: true, rightDeep: false }, gpu.maxWorkgroups);
  return [{ shader: shaders.linear_dx, constants, grid }];
};

export const linearDw: GpuLowering = ({ io, gpu }) => {
  const [n = 1, cin = 1] = io.shape("x");
  const [, cout = 1] = io.shape("dy");
  const { constants, grid } = tileProduct({ rows: cout, columns: cin, depth: n, leftDeep: false, rightDeep: false }, gpu.maxWorkgroups);
  return [{ shader: shaders.linear_dw, constants, grid }];
};
