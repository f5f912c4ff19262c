// activation_grad.wgsl with items of four numbers, for planes of whole items.
#include "training/activation_grad.wgsl" where Item = vec4<Elem>, Value = vec4f
