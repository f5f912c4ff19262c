// batch_norm_train_moments.wgsl with items of four numbers, for planes of whole items.
#include "training/batch_norm_train_moments.wgsl" where Item = vec4<Elem>, Value = vec4f
