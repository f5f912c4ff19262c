// batch_norm_grad_sums.wgsl with items of four numbers, for planes of whole items.
#include "training/batch_norm_grad_sums.wgsl" where Item = vec4<Elem>, Value = vec4f
