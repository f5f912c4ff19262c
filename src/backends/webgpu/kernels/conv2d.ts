/**
 * conv2d: which of the shaders `conv2d_*` computes it, how many pixels and filters each thread takes, and the lists of channels that it reads.
 * What the constants and numbers mean stands in the shaders.
 */
import type { Step } from "../../../graph/op.ts";
import { shaders } from "../generated/shaders.ts";
import { linearGrid } from "../grid.ts";
import type { Dispatch, GpuLowering } from "../lowering.ts";
import type { Shader } from "../shader.ts";
import { type Sizes, type Way, way1x1, way3x3, wayDepthwise, wayGeneral, workgroupsOf } from "./conv2d_ways.ts";
import { productOf } from "./linear.ts";

export const conv2d: GpuLowering = ({ step, gpu }) => {
  const s = step.slots as Sizes & { readonly fn: number };
  const ACTIVATION = s.fn;
  const with_ = (dispatch: Dispatch): readonly Dispatch[] => [{ ...dispatch, constants: { ...dispatch.constants, ACTIVATION } }];
  const padded = s.pt !== 0 || s.pl !== 0 || (s.oh - 1) * s.sh + s.kh > s.ih || (s.ow - 1) * s.sw + s.kw > s.iw;
  const routed = Object.values(step.tables).some((table) => table.length > 0);
  // a window as large as the image: each filter is a row of a matrix, each example another
  if (!padded && !routed && s.groups === 1 && s.kh === s.ih && s.kw === s.iw && s.oh * s.ow === 1) {
    return with_(productOf({ n: s.n, cin: s.cin * s.kh * s.kw, cout: s.cout }, gpu));
  }
  if (s.groups > 1 && s.groups === s.cin) return with_(depthwise(s));
  if (s.kh === 1 && s.kw === 1 && s.groups === 1 && !padded) return with_(tiled(shaders.conv2d_1x1, s, way1x1(s), step));
  const dense = s.dilation_h === 1 && s.dilation_w === 1 && s.groups === 1;
  const evenly = s.sh === s.sw && s.sh <= 2;
  if (s.kh === 3 && s.kw === 3 && dense && evenly) return with_(tiled(shaders.conv2d_3x3, s, way3x3(s), step));
  return with_(tiled(shaders.conv2d_general, s, wayGeneral(s), step));
};

/** Workgroups along pixels in x, and z where x is full; along tiles of filters in y, and after them of channels of y that no filter writes. */
function tiled(shader: Shader, s: Sizes, way: Way, step: Step): Dispatch {
  const { tile, lanes, constants, params } = way;
  const tiles = s.groups * tile.tiles;
  const [along, across] = workgroupsOf(way, s.n, tiles + Math.ceil((s.yc - s.cout) / tile.size));
  const [x, z] = linearGrid(along);
  const { has, routes } = routesOf(step);
  return {
    shader,
    constants: { LANES: lanes, TILE_F: tile.size, ...constants, ...has },
    grid: [x, across, z],
    numbers: { tiles, full: tile.full, ...params },
    tables: { routes },
  };
}

function depthwise(s: Sizes): Dispatch {
  const way = wayDepthwise(s);
  const [along] = workgroupsOf(way, s.n, 1);
  return { shader: shaders.conv2d_depthwise, constants: way.constants, grid: linearGrid(along), numbers: way.params };
}

/** The step's tables, joined as shaders/lib/routes.wgsl reads them. */
function routesOf({ tables }: Step) {
  const { gather = [], scatter = [], shortcut = [] } = tables;
  // in the order in which outputs are computed
  const added = scatter.length > 0 && shortcut.length > 0 ? scatter.map((channel) => shortcut[channel] as number) : shortcut;
  const given = (table: readonly number[]): number => (table.length > 0 ? 1 : 0);
  return {
    has: { GATHER: given(gather), SCATTER: given(scatter), SHORTCUT: given(shortcut) },
    routes: [...gather, ...scatter, ...added],
  };
}
