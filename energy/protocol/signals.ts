/** One signal for several; `AbortSignal.any` is younger than some engines that people still use. */
export function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const pass = (): void => controller.abort(signal.reason);
    if (signal.aborted) pass();
    else signal.addEventListener("abort", pass, { once: true, signal: controller.signal });
  }
  return controller.signal;
}
