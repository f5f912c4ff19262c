/** The networks at hand: trained, packed before and after the cut, and both loaded for live guesses. */
import { type Model, type Pixels, readModel, SwivelError } from "swivel-nn";
import type { Prediction } from "../shared/messages.ts";
import { Comparison } from "./compare.ts";
import { pack } from "./network.ts";
import type { Storage } from "./storage.ts";

export class Networks {
  readonly #storage: Storage;
  #trained: Model | undefined;
  #packed: Uint8Array | undefined;
  #dense: Uint8Array | undefined;
  #comparison: Promise<Comparison> | undefined;
  /** Of the training that has ended, also where there is no storage. */
  checkpoint: Uint8Array | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get packed(): Uint8Array | undefined {
    return this.#packed;
  }

  /** Throws SwivelError E_NOT_FOUND where it is in no memory and no storage. */
  async trained(): Promise<Model> {
    if (this.#trained) return this.#trained;
    const file = await this.#storage.read<Uint8Array>("trained");
    if (!file) throw new SwivelError("E_NOT_FOUND", "the trained network is gone from the browser's storage; train anew");
    this.#trained = readModel(file);
    return this.#trained;
  }

  setTrained(model: Model): void {
    this.#trained = model;
  }

  /** The network after the cut, and the one before it where there is one. */
  setPacked(packed: Uint8Array, dense?: Uint8Array): void {
    this.#closeComparison();
    this.#packed = packed;
    this.#dense = dense;
  }

  /** The network before the cut, packed; undefined where it is gone. */
  async dense(): Promise<Uint8Array | undefined> {
    this.#dense ??= await this.trained().then(pack, () => undefined);
    return this.#dense;
  }

  /** What both see in a picture; undefined where there are none, or others took their place meanwhile. */
  async predict(pixels: Pixels, hasDense: boolean): Promise<Prediction | undefined> {
    if (!this.#packed) return undefined;
    this.#comparison ??= this.#openComparison(this.#packed, hasDense);
    try {
      return await (await this.#comparison).predict(pixels);
    } catch (error) {
      if (error instanceof SwivelError && error.code === "E_DISPOSED") return undefined;
      throw error;
    }
  }

  forget(): void {
    this.#closeComparison();
    this.#trained = undefined;
    this.#packed = undefined;
    this.#dense = undefined;
    this.checkpoint = undefined;
  }

  async #openComparison(packed: Uint8Array, hasDense: boolean): Promise<Comparison> {
    const dense = hasDense ? await this.dense() : this.#dense;
    return Comparison.open({ packed, ...(dense && { dense }) });
  }

  #closeComparison(): void {
    void this.#comparison?.then((comparison) => comparison.dispose());
    this.#comparison = undefined;
  }
}
