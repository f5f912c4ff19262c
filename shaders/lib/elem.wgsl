// The type of weights and activations in memory. Sums are always f32. For half precision the host puts `enable f16;` before the shader and f16 here.
alias Elem = f32;
