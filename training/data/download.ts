/** One file from the network to the disk, checked before anyone sees it. Node only. */
import { importNode } from "../../src/backends/platform.ts";
import { AbortedError, DataError } from "../../src/errors.ts";
import { fileError } from "./files.ts";
import type { RemoteFile } from "./known.ts";

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Called with the bytes received so far. */
  readonly onBytes?: (received: number) => void;
  /** Give up when nothing arrives for so long; default 30,000. */
  readonly stallMs?: number;
}

/**
 * Downloads to `target` and compares size and MD5; leaves no file behind if anything fails. Throws `E_OFFLINE` (no connection),
 * `E_NOT_FOUND` (404), `E_IO` (another refusal, a full disk), `E_TRUNCATED` (cut off), `E_TOO_LARGE`, `E_CHECKSUM`, or `AbortedError`.
 */
export async function download(
  file: RemoteFile,
  target: string,
  { signal, onBytes, stallMs = 30_000 }: DownloadOptions = {},
): Promise<void> {
  const { createHash } = await importNode<typeof import("node:crypto")>("crypto");
  const { open, rm } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let watchdog = setTimeout(onAbort, stallMs);
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  let received = 0;
  try {
    if (signal?.aborted) throw new AbortedError(`downloading ${file.url}`, { cause: signal.reason });
    const response = await fetch(file.url, { signal: stop.signal, headers: { "accept-encoding": "identity" } });
    if (!response.ok || !response.body) throw refusal(file.url, response.status);
    const output = await open(target, "wx").catch((error) => Promise.reject(fileError(target, "file", error)));
    handle = output;
    const md5 = createHash("md5");
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(watchdog);
      watchdog = setTimeout(onAbort, stallMs);
      received += piece.length;
      if (received > file.bytes)
        throw new DataError("E_TOO_LARGE", `${file.url}: sends more than the ${file.bytes} bytes published; ${byHand(file.url)}`);
      md5.update(piece);
      await output.writeFile(piece).catch((error) => Promise.reject(fileError(target, "file", error)));
      onBytes?.(received);
    }
    if (received < file.bytes) throw cutOff(file, received);
    const digest = md5.digest("hex");
    if (digest !== file.md5) {
      throw new DataError(
        "E_CHECKSUM",
        `${file.url}: has MD5 ${digest}, the published one is ${file.md5}; nothing was kept. Try again, or ${byHand(file.url)}`,
      );
    }
    await output.close();
  } catch (error) {
    await handle?.close().catch(() => {});
    if (handle) await rm(target, { force: true });
    if (error instanceof DataError || error instanceof AbortedError) throw error;
    if (signal?.aborted) throw new AbortedError(`downloading ${file.url}`, { cause: signal.reason });
    if (handle) throw cutOff(file, received, error);
    const why = stop.signal.aborted ? `no answer in ${stallMs / 1000} s` : reason(error);
    throw new DataError(
      "E_OFFLINE",
      `${file.url}: cannot be reached (${why}). Check the connection and try again, or ${byHand(file.url)}`,
      { cause: error },
    );
  } finally {
    clearTimeout(watchdog);
    signal?.removeEventListener("abort", onAbort);
  }
}

function refusal(url: string, status: number): DataError {
  if (status === 404 || status === 410) {
    return new DataError("E_NOT_FOUND", `${url}: the server has no such file any more (${status}); find a mirror, and ${byHand(url)}`);
  }
  return new DataError("E_IO", `${url}: the server answered ${status}; try again later, or ${byHand(url)}`);
}

function cutOff(file: RemoteFile, received: number, cause?: unknown): DataError {
  return new DataError(
    "E_TRUNCATED",
    `${file.url}: the connection broke after ${received} of ${file.bytes} bytes; nothing was kept, try again`,
    { cause },
  );
}

function byHand(url: string): string {
  return `get ${url.slice(url.lastIndexOf("/") + 1)} elsewhere, put it (unpacked, if a tar.gz) in a folder, and name that folder as the data`;
}

/** Node hides the system's reason behind "fetch failed". */
function reason(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? String(error);
}
