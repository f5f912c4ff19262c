// How threads share the pixels of images under sliding windows, for the gradients of pools. Their Params hold planes, ih, iw, oh, ow, pt and pl.
//
// Window (i, j) covers KH × KW pixels from (i · SH − pt, j · SW − pl) on. A thread owns a cell: the SH × SW pixels between the corners of one window and of
// the next ones. Only that window and some before it reach into the cell, so which ones do needs no division, and where windows do not overlap it is
// one. No two threads write the same pixel: no atomics, and sums in a fixed order.
//
// WIDTH threads along a row of cells, HEIGHT along rows, PLANES along planes, so that small images share a workgroup and nobody divides to find its
// cell; each goes on with the same cell of a later plane.

override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override PLANES: u32 = 1;
// constants, so that drivers write the loops over windows and cells out
override KH: i32 = 2;
override KW: i32 = 2;
override SH: i32 = 2;
override SW: i32 = 2;

struct Cell {
  // The pixel of its corner; may lie in the padding, at the top and at the left.
  row: i32,
  column: i32,
  // First and last windows that reach into it; none if the last is smaller.
  i_first: i32,
  i_last: i32,
  j_first: i32,
  j_last: i32,
}

fn cell_at(i: i32, j: i32) -> Cell {
  return Cell(
    i * SH - p.pt,
    j * SW - p.pl,
    max(0, i - (KH - 1) / SH),
    min(i, p.oh - 1),
    max(0, j - (KW - 1) / SW),
    min(j, p.ow - 1),
  );
}

fn in_image(row: i32, column: i32) -> bool {
  return row >= 0 && row < p.ih && column >= 0 && column < p.iw;
}

// Indices in [planes, ih, iw] and in [planes, oh, ow].
fn pixel_at(plane: u32, row: i32, column: i32) -> u32 {
  return (plane * u32(p.ih) + u32(row)) * u32(p.iw) + u32(column);
}

fn window_at(plane: u32, i: i32, j: i32) -> u32 {
  return (plane * u32(p.oh) + u32(i)) * u32(p.ow) + u32(j);
}
