/** The best classes of a run. */

export interface Ranked {
  readonly index: number;
  readonly score: number;
  /** Where class names were given. */
  readonly name?: string;
}

/** The `k` highest of one example's scores, best first; of equal ones the first. */
export function topK(scores: ArrayLike<number>, k: number, classNames?: readonly string[]): Ranked[] {
  return Array.from(scores, (score, index) => ({ index, score, ...(classNames && { name: classNames[index] }) }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, k);
}
