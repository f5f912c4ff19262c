// How gradients by weights walk over the images: in strips of COLUMNS columns of dy and some of its rows, from top to bottom. Params holds
//   strips_w, strips_h   strips side by side and one below the other in an image
//   wide                 strips of a row, from the left, that have COLUMNS columns; the others have one less
//   rows                 of every strip
//   strips               of all images
//   parts                of a job: part k takes the strips k · LANES, … of each parts · LANES, one a lane

override COLUMNS: u32 = 4;

struct Strip {
  // example, first row and column in dy
  n: u32,
  i: u32,
  j: u32,
  // has COLUMNS columns
  wide: bool,
}

fn strip_at(index: u32) -> Strip {
  let row = index / p.strips_w;
  let place = index % p.strips_w;
  return Strip(row / p.strips_h, row % p.strips_h * p.rows, place * (COLUMNS - 1u) + min(place, p.wide), place < p.wide);
}
