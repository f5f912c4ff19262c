// channel_sum.wgsl with items of four numbers, for planes of whole items.
#include "training/channel_sum.wgsl" where Item = vec4<Elem>, Value = vec4f
