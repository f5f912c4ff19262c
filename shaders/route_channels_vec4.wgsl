// route_channels.wgsl with items of four elements, for planes of whole items.
#include "route_channels.wgsl" where Item = vec4<Elem>, Value = vec4f
