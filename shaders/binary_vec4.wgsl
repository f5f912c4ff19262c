// binary.wgsl with items of four elements, for planes of whole items.
#include "binary.wgsl" where Item = vec4<Elem>, Value = vec4f
