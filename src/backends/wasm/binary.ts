/** The module's bytes: inlined as text or fetched, and turned from shared to unshared memory where there are no threads. */
import { BackendError } from "../../errors.ts";

/** Hexadecimal is longer than base64, but compresses to four fifths of it: every byte stays two characters of its own. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** What is thrown where an engine refuses a module: most do so when it is compiled, Safari when it is instantiated. */
export function refusal(error: unknown): BackendError {
  const message = `the Wasm module was refused: ${(error as Error).message}; a Content-Security-Policy must allow 'wasm-unsafe-eval'`;
  return new BackendError("E_BACKEND", message, { cause: error });
}

/** The module over this memory. Throws BackendError E_BACKEND where the page's policy forbids it. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Exports {
  try {
    return new WebAssembly.Instance(module, { env: { memory } }).exports;
  } catch (error) {
    throw refusal(error);
  }
}

/** Fetches a module. Throws BackendError E_BACKEND naming the address. */
export async function fetchBinary(url: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  let status: string;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    status = `${response.status} ${response.statusText}`;
  } catch (error) {
    status = String(error);
  }
  throw new BackendError(
    "E_BACKEND",
    `the Wasm module at ${url} could not be fetched: ${status}; serve dist/wasm there, or leave wasmUrl out to use the inlined one`,
  );
}

/**
 * The same module with an unshared memory import: the limits' flag byte goes from 3 (shared, with maximum) to 1 (with maximum). Atomic
 * instructions are valid on unshared memory.
 */
export function unshare(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = binary.slice();
  let at = 8;
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skipName = (): void => {
    const length = unsigned();
    at += length;
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = unsigned() + at;
    if (section === 2) {
      for (let left = unsigned(); left > 0; left--) {
        skipName();
        skipName();
        const kind = bytes[at++];
        if (kind === 2) {
          if (bytes[at] === 3) bytes[at] = 1;
          return bytes;
        }
        if (kind !== 0) break; // the module imports functions and its memory, nothing else
        unsigned();
      }
    }
    at = end;
  }
  throw new BackendError("E_BACKEND", "the Wasm module imports no memory: it is not one of Swivel's");
}
