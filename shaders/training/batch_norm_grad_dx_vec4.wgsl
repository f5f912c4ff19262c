// batch_norm_grad_dx.wgsl with items of four numbers, for planes of whole items.
#include "training/batch_norm_grad_dx.wgsl" where Item = vec4<Elem>, Value = vec4f
