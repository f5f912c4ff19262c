// batch_norm.wgsl with items of four elements, for planes of whole items.
#include "batch_norm.wgsl" where Item = vec4<Elem>, Value = vec4f
