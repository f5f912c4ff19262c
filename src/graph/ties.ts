/** Channel ties: which dimensions of an op's values must be cut together, and how their indices correspond. */

export type IndexMap =
  /** i ↔ i + offset: the parts of a concat, pad and slice of channels. */
  | { readonly kind: "offset"; readonly offset: number }
  /** i ↔ i·size … i·size + size − 1: a channel and its pixels after flatten. */
  | { readonly kind: "block"; readonly size: number }
  /** i ↔ i mod size: the channels of a grouped convolution and the second dimension of its weights. */
  | { readonly kind: "modulo"; readonly size: number }
  /** i ↔ table[i]: gather and scatter. */
  | { readonly kind: "table"; readonly table: readonly number[] };

export const SAME: IndexMap = { kind: "offset", offset: 0 };

/** The indices of `b` that index `i` of `a` corresponds to; indices that `b` does not have are left out by the caller's size. */
export function mapIndex(map: IndexMap, i: number, sizeOfB: number): number[] {
  switch (map.kind) {
    case "offset": {
      const j = i + map.offset;
      return j >= 0 && j < sizeOfB ? [j] : [];
    }
    case "block":
      return Array.from({ length: map.size }, (_, k) => i * map.size + k);
    case "modulo":
      return [i % map.size];
    case "table": {
      const j = map.table[i];
      return j === undefined || j < 0 || j >= sizeOfB ? [] : [j];
    }
  }
}

/** `a` and `b` are (slot, dim) pairs whose channels must be kept or cut together; `map` takes an index of `a` to indices of `b`. */
export interface Tie {
  readonly a: readonly [slot: string, dim: number];
  readonly b: readonly [slot: string, dim: number];
  readonly map: IndexMap;
}
