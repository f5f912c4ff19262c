// global_avg_pool_dx.wgsl with items of four numbers, for planes of whole items.
#include "training/global_avg_pool_dx.wgsl" where Item = vec4<Elem>, Value = vec4f
