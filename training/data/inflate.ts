/** Bounded decompression, the same in browsers and Node: a small file never becomes more memory than was allowed for it. */
import { DataError } from "../../src/errors.ts";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Given the first 64 bytes or more, says how many the whole may have; throws a DataError if they are not the start of what is expected. */
export type Allowance = (head: Uint8Array) => number;

const HEAD = 64;

/**
 * Inflates `bytes` ("gzip" or zlib's "deflate"). `allowance` says how many bytes may come out; one more stops
 * the work with `E_TOO_LARGE`. Damaged or cut data is `E_TRUNCATED` or `E_FORMAT`, naming `file`.
 */
export async function inflate(bytes: Uint8Array, format: "gzip" | "deflate", file: string, allowance: Allowance): Promise<Uint8Array> {
  const stream = new DecompressionStream(format);
  const writer = stream.writable.getWriter();
  // Errors of the writing side reach us through the reading side as well.
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  written.catch(() => {});
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  let total = 0;
  let allowed: number | undefined;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      chunks.push(value);
      total += value.length;
      if (total < HEAD) continue;
      allowed ??= allowance(join(chunks, HEAD));
      if (total > allowed) {
        throw new DataError(
          "E_TOO_LARGE",
          `${file}: unpacks to more than the ${allowed} bytes that its header allows; it is damaged or hostile, get it again`,
        );
      }
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof DataError) throw error;
    const cut = /unexpected end|truncated|incomplete/i.test(String(error)); // in Node's, Chromium's and Firefox's words
    const what = cut ? "the compressed data ends too early" : "the compressed data is damaged";
    throw new DataError(cut ? "E_TRUNCATED" : "E_FORMAT", `${file}: ${what}; get the file again`, { cause: error });
  }
  return join(chunks, total);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1 && chunks[0]!.length === length) return chunks[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    if (at === length) break;
    const part = chunk.subarray(0, length - at);
    all.set(part, at);
    at += part.length;
  }
  return all;
}
