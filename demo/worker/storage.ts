/** What survives a reload: IndexedDB, where there is one. A page without storage works all the same, and says that nothing is kept. */
import { createStore, del, get, set, type UseStore } from "idb-keyval";
import type { StorageState } from "../shared/messages.ts";

export type Key = "work" | "training" | "trained" | "tuning" | "packed" | "pictures";

export class Storage {
  #store: UseStore | undefined;
  #state: StorageState = "kept";
  readonly #onState: (state: StorageState) => void;

  constructor(onState: (state: StorageState) => void) {
    this.#onState = onState;
    try {
      this.#store = createStore("swivel-demo", "work");
    } catch {
      this.#turn("unavailable");
    }
  }

  get state(): StorageState {
    return this.#state;
  }

  async read<T>(key: Key): Promise<T | undefined> {
    return this.#try((store) => get<T>(key, store));
  }

  async write(key: Key, value: unknown): Promise<void> {
    await this.#try((store) => set(key, value, store));
  }

  async remove(...keys: readonly Key[]): Promise<void> {
    for (const key of keys) await this.#try((store) => del(key, store));
  }

  async #try<T>(work: (store: UseStore) => Promise<T>): Promise<T | undefined> {
    if (!this.#store) return undefined;
    try {
      return await work(this.#store);
    } catch (error) {
      const full = (error as DOMException).name === "QuotaExceededError";
      if (!full) this.#store = undefined;
      this.#turn(full ? "full" : "unavailable");
      return undefined;
    }
  }

  #turn(state: StorageState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onState(state);
  }
}
