/** How the matrix kernels cut rows into blocks, and the types that stand for a block's number of rows. */
import { MAX_ROWS } from "./generated/scratch";

/**
 * Rows of a block at most. A block by two vectors, with a sum for each, leaves three registers of the 15 that engines have on x86. Without relaxed SIMD a product
 * needs one of its own: with six rows, a sum would go through memory in each turn of a loop, and each turn would wait for the one before.
 */
// @ts-ignore: decorator
@inline
export function most_rows(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? MAX_ROWS : MAX_ROWS - 1;
}

/** Blocks that m rows are cut into, as equal as can be: 13 rows are 4 + 4 + 5, so that odd numbers cost no more than their share. */
// @ts-ignore: decorator
@inline
export function row_blocks(m: i32): i32 {
  return (m + most_rows() - 1) / most_rows();
}

/** Sizes of types are numbers that generic functions know at compile time: one body makes a kernel for each number of rows. */
@unmanaged
export class Rows1 {
  a: u8;
}
@unmanaged
export class Rows2 {
  a: u16;
}
@unmanaged
export class Rows3 {
  a: u16;
  b: u8;
}
@unmanaged
export class Rows4 {
  a: u32;
}
@unmanaged
export class Rows5 {
  a: u32;
  b: u8;
}
@unmanaged
export class Rows6 {
  a: u32;
  b: u16;
}
