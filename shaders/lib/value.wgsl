// What functions on each number take: f32, or vec4f where a shader says so.
alias Value = f32;
