/** Bounded decompression, the same in browsers and Node: a small file never becomes more memory than was allowed for it. */
import { DataError } from "../../src/errors.ts";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Told of all bytes so far (at least once, when the first arrive); returns how many may come in total, or undefined if it needs more to say. */
export type Allowance = (head: Uint8Array) => number | undefined;

const HEAD = 64; // bytes that an allowance may look at

/**
 * Inflates `bytes` ("gzip" or zlib's "deflate"). `allowance` sees the first bytes and says how many the file may hold; one byte more stops
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
      allowed ??= allowance(join(chunks, Math.min(total, HEAD)));
      if (allowed === undefined && total < HEAD) continue;
      if (total > (allowed ?? 0)) {
        throw new DataError("E_TOO_LARGE", `${file}: unpacks to more than the ${allowed ?? 0} bytes that its header allows; it is damaged or hostile, get it again`);
      }
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof DataError) throw error;
    const cut = /unexpected end|Z_BUF_ERROR|end of (file|stream)|incomplete/i.test(String(error));
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
