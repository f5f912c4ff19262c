/** What a page of the benchmarks fetches and makes up. */

/** Throws Error for an answer that is none. */
export async function fetchBytes(url: URL | string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Numbers of no regularity, the same everywhere. */
export function noise(size: number): Float32Array<ArrayBuffer> {
  let state = 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
