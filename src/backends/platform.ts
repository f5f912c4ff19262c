/** Where the code runs. Nothing here is looked at before it is asked for. */

/** Node, or something that calls itself so: Electron, Bun, a worker of theirs. */
export const isNode = (): boolean => typeof process === "object" && typeof process.versions?.node === "string";

/** Milliseconds after which a worker's script that has not come up is taken for one that never will. */
export const PATIENCE = 10_000;

/** One of Node's own modules. The name is put together at run time, so that bundlers for the web do not look for it. */
export async function importNode<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
}

/** An optional package, in Node only; its name is kept from bundlers in the same way. */
export async function importPackage<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
