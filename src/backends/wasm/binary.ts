/** The module's bytes: inlined as text or fetched, and turned from shared to unshared memory where there are no threads. */
import { BackendError } from "../../errors.ts";

/** Bytes of a module from the text that tools/module_text.ts makes of them. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let count = 0;
  let page = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 34) page = code - 31;
    else {
      bytes[count++] = 91 * page + code - (code > 92 ? 45 : 44);
      page = 0;
    }
  }
  return bytes.slice(0, count);
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

/** How the memory import stands in the binary: module and field by length and name, a memory. The flag of its limits comes next. */
const MEMORY_IMPORT = "\x03env\x06memory\x02";

/**
 * The same module with an unshared memory import: the limits' flag byte goes from 3 (shared, with maximum) to 1 (with maximum). Atomic
 * instructions are valid on unshared memory.
 */
export function unshare(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = binary.slice();
  // imports stand near the beginning, behind nothing but the types
  const at = String.fromCharCode(...bytes.subarray(0, 4096)).indexOf(MEMORY_IMPORT);
  if (at < 0) throw new BackendError("E_BACKEND", "the Wasm module imports no memory: it is not one of Swivel's");
  bytes[at + MEMORY_IMPORT.length] = 1;
  return bytes;
}
