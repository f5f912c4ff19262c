/** flatten and reshape: y is x's memory, so there is nothing to compute. */
export function sameMemory(): void {}
