/** What a backend's table says of an op that it cannot run. */
export interface Unsupported {
  readonly unsupported: string;
}

export const unsupported = (why: string): Unsupported => ({ unsupported: why });
