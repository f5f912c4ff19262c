/** A promise of which can be asked whether it is settled. Its rejection is heard by whoever awaits `value`, and by nobody else. */
export class Pending<T> {
  readonly value: Promise<T>;
  #settled = false;

  constructor(value: Promise<T>) {
    this.value = value;
    const settle = (): void => {
      this.#settled = true;
    };
    value.then(settle, settle);
  }

  get isSettled(): boolean {
    return this.#settled;
  }
}
