// batch_sum.wgsl with items of four numbers, for rows of whole items.
#include "training/batch_sum.wgsl" where Item = vec4<Elem>, Value = vec4f
