/** What a benchmark gives. */
export interface Bench {
  /** Everything measured, as plain JSON. */
  readonly value: Record<string, unknown>;
  readonly text: string;
}
