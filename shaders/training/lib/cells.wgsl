// Geometry of windows that slide over images, for the gradients of pools. Their Params hold planes, ih, iw, oh, ow, pt and pl.
//
// Window (i, j) covers KH × KW pixels from (i · SH − pt, j · SW − pl) on. The image is cut into cells: cell (i, j) holds the SH × SW pixels between the
// corners of window (i, j) and of the next ones, some in the padding perhaps. Only that window and the ones before it reach into the cell, REACH_H of them
// downwards and REACH_W across: one, where windows do not overlap. So each pixel is written by one thread, which knows the windows that concern it:
// no atomics, and sums in a fixed order.

// WIDTH threads along rows, HEIGHT along columns, PLANES along planes, so that small images share a workgroup and nobody divides to find its place.
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override PLANES: u32 = 1;
// constants, so that drivers write the loops over windows out
override KH: i32 = 2;
override KW: i32 = 2;
override SH: i32 = 2;
override SW: i32 = 2;
override REACH_H: i32 = (KH + SH - 1) / SH;
override REACH_W: i32 = (KW + SW - 1) / SW;
// windows up to this size are written out by the build, with cells and reaches no larger
const SMALL = 3;

// Whether there is a window (i, j).
fn is_window(i: i32, j: i32) -> bool {
  return i >= 0 && i < p.oh && j >= 0 && j < p.ow;
}

// Index in [planes, oh, ow]; of the nearest window where there is none.
fn window_at(plane: u32, i: i32, j: i32) -> u32 {
  return (plane * u32(p.oh) + u32(clamp(i, 0, p.oh - 1))) * u32(p.ow) + u32(clamp(j, 0, p.ow - 1));
}

// Index in [planes, ih, iw].
fn pixel_at(plane: u32, row: i32, column: i32) -> u32 {
  return (plane * u32(p.ih) + u32(row)) * u32(p.iw) + u32(column);
}
