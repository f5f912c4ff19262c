/** What tests need of a browser, whichever it is. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A tab of its own. `evaluate` runs a function in the page, which knows nothing but its argument and the page; both travel as JSON. */
export interface Tab {
  goto(url: string): Promise<unknown>;
  evaluate<R, A = undefined>(body: (argument: A) => R | Promise<R>, argument?: A): Promise<R>;
  close(): Promise<void>;
}

export interface TestBrowser {
  /** As people call it. */
  readonly name: string;
  readonly version: string;
  newTab(): Promise<Tab>;
  close(): Promise<void>;
}

/** A function as the text of another one that takes its argument as JSON and promises `{ value }` or `{ error }`, as JSON. */
export const asJson = (body: (argument: never) => unknown): string =>
  `async (argument) => {
    try {
      return JSON.stringify({ value: await (${body})(argument === undefined ? undefined : JSON.parse(argument)) });
    } catch (error) {
      return JSON.stringify({ error: String(error?.stack ? error + "\\n" + error.stack : error) });
    }
  }`;

/** What such a function gave. Throws the error that was thrown in the page. */
export function fromJson<R>(result: string): R {
  const { value, error } = JSON.parse(result) as { value?: R; error?: string };
  if (error !== undefined) throw new Error(`in the page: ${error}`);
  return value as R;
}

/** The first of these programs that the system finds. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
