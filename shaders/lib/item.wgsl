// What a thread loads and stores at once, an item: one element, or four neighbouring ones. The text is the same for both: a shader named <op>_vec4 is <op>
// with `where Item = vec4<Elem>, Value = vec4f`. The conversions are Value(x[i]) and x[i] = Item(v); sizes and indices count items.
#include "lib/elem.wgsl"
#include "lib/value.wgsl"
alias Item = Elem;
