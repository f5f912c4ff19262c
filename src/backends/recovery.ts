/** Where to go when a GPU is taken away (driver reset, laptop undocked, a browser short of memory): to a new device, or to WebAssembly. */
import { BackendError } from "../errors.ts";
import type { Backend } from "./backend.ts";

/** A backend whose device can be lost; `lost` then resolves with the reason. */
export interface LosableBackend extends Backend {
  readonly lost: Promise<string>;
}

/** Opens backends of one build, inference or training; each is told why it is chosen. */
export interface Openers {
  gpu(why: string): Promise<LosableBackend>;
  wasm(why: string): Promise<Backend>;
}

/** Devices that are lost so often within so many milliseconds are not asked for again: something in the model or driver takes them down. */
const MAX_LOSSES = 3;
const WITHIN_MS = 600_000;

export const isLost = (error: unknown): boolean => error instanceof BackendError && error.code === "E_DEVICE_LOST";

/** The backend with a `recover`, which opens another; that one has it too. */
export function recoverable(backend: LosableBackend, openers: Openers, earlier: readonly number[] = []): Backend {
  return {
    ...backend,
    recover: async () => {
      const now = performance.now();
      const losses = [...earlier.filter((time) => now - time < WITHIN_MS), now];
      const lost = `the GPU device was lost (${await backend.lost})`;
      if (losses.length >= MAX_LOSSES) return toWasm(openers, `${lost}, like ${losses.length - 1} before it within minutes`);
      const why = `${lost}, and this is a new one`;
      try {
        return { backend: recoverable(await openers.gpu(why), openers, losses), why };
      } catch (error) {
        return toWasm(openers, `${lost}, and no other is to be had: ${reasonOf(error)}`);
      }
    },
  };
}

async function toWasm({ wasm }: Openers, why: string): Promise<{ backend: Backend; why: string }> {
  return { backend: await wasm(why), why };
}

/** What an error says, without its code and its remedy: part of another sentence. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^E_[A-Z_]+ /, "").split("; ")[0] as string;
}
