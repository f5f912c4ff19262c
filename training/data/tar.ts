/** Reads a tar archive as a stream: what unpacking a downloaded data set needs, and nothing that could write outside the target. */
import { DataError } from "../../src/errors.ts";

const BLOCK = 512;

export interface TarFile {
  /** The path inside the archive, checked: relative, without "..". */
  readonly path: string;
  readonly size: number;
}

/** Takes one member's bytes, piece by piece. */
export interface TarSink {
  write(piece: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/**
 * Walks an uncompressed archive. For each regular file, `open` may return where its bytes go; folders, links and other kinds are passed
 * over. Throws `E_FORMAT` for a damaged header or a path that leaves the archive's folder, `E_TRUNCATED` for an early end, naming `name`.
 */
export async function readTar(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  open: (file: TarFile) => Promise<TarSink | undefined>,
): Promise<void> {
  const header = new Uint8Array(BLOCK);
  let filled = 0; // bytes of the header so far
  let content = 0; // bytes of the member still to come
  let padding = 0; // bytes after it, up to the next block
  let sink: TarSink | undefined;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (content > 0) {
        const piece = chunk.subarray(at, at + content);
        await sink?.write(piece);
        at += piece.length;
        content -= piece.length;
        if (content === 0) await sink?.end();
      } else if (padding > 0) {
        const skipped = Math.min(padding, chunk.length - at);
        at += skipped;
        padding -= skipped;
      } else {
        const piece = chunk.subarray(at, at + BLOCK - filled);
        header.set(piece, filled);
        at += piece.length;
        filled += piece.length;
        if (filled < BLOCK) continue;
        filled = 0;
        if (header.every((byte) => byte === 0)) continue; // the end is marked by empty blocks
        const { file, regular } = parseHeader(name, header);
        content = file.size;
        padding = (BLOCK - (content % BLOCK)) % BLOCK;
        sink = regular ? await open(file) : undefined;
        if (content === 0) await sink?.end();
      }
    }
  }
  if (filled > 0 || content > 0) throw new DataError("E_TRUNCATED", `${name}: the archive ends too early; get it again`);
}

function parseHeader(name: string, header: Uint8Array): { file: TarFile; regular: boolean } {
  // The checksum counts its own field as spaces.
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  const size = octal(header, 124, 12);
  if (octal(header, 148, 8) !== sum || size === undefined)
    throw new DataError("E_FORMAT", `${name}: is not a tar archive, or is damaged; get it again`);
  const kind = header[156];
  const regular = kind === 0 || kind === 0x30; // NUL or "0"
  const ustar = text(header, 257, 5) === "ustar";
  const prefix = ustar ? text(header, 345, 155) : "";
  const path = (prefix === "" ? "" : `${prefix}/`) + text(header, 0, 100);
  if (/^([/\\]|[a-z]:)/i.test(path) || path.split(/[/\\]/).includes("..")) {
    throw new DataError("E_FORMAT", `${name}: member "${path}" would be written outside the folder; the archive is hostile, do not use it`);
  }
  return { file: { path, size }, regular };
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, start: number, length: number): number | undefined {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
