// The channels that a convolution reads, writes and adds where these are not all of x's, y's and residual's in their order, as in networks that were cut: three
// lists, joined in one table since bindings are few.
//
//   GATHER     entry c: the channel of x that column c of w reads
//   SCATTER    entry o: the channel of y that output o goes to. Outputs 0 … cout − 1 are the filters'; outputs from cout on are channels that no filter writes
//   SHORTCUT   entry o: the channel of residual that output o adds, −1 for none
//
// Each is left out where its constant is false. Threads of a workgroup ask for the same entries, so these reads are as cheap as those of weights.
// The shader that includes this binds routes, and has cin, cout and yc (channels of y) in its Params.

override GATHER: bool = false;
override SCATTER: bool = false;
override SHORTCUT: bool = false;

fn read_channel(c: u32) -> u32 {
  if (GATHER) {
    return u32(routes[c]);
  }
  return c;
}

fn written_channel(o: u32) -> u32 {
  if (SCATTER) {
    return u32(routes[select(0u, p.cin, GATHER) + o]);
  }
  return o;
}

// The channel of residual for output o, which goes to `channel` of y.
fn added_channel(o: u32, channel: u32) -> i32 {
  if (SHORTCUT) {
    return routes[select(0u, p.cin, GATHER) + select(0u, p.yc, SCATTER) + o];
  }
  return i32(channel);
}
