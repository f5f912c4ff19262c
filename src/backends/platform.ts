/** Where the code runs. Nothing here is looked at before it is asked for. */

/** Node, or something that calls itself so: Electron, Bun, a worker of theirs. */
export const isNode = (): boolean => typeof process === "object" && typeof process.versions?.node === "string";

/** Milliseconds after which a worker's script that has not come up is taken for one that never will. */
const PATIENCE = 10_000;

/** Resolves with a worker's first message, after `start` was posted if it is given. Where that fails the worker is ended, and an error says why. */
export async function comesUp(worker: Worker, script: string, start?: object): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => {
        // heard here; no concern of the page's own handlers
        event.preventDefault();
        reject(new Error(event.message || `its script, ${script}, could not be loaded`));
      };
      timer = setTimeout(reject, PATIENCE, new Error("it did not answer"));
      if (start) worker.postMessage(start);
    });
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** One of Node's own modules. The name is put together at run time, so that bundlers for the web do not look for it. */
export async function importNode<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
}

/** An optional package, in Node only; its name is kept from bundlers in the same way. */
export async function importPackage<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
