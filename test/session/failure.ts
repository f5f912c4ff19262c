import { SwivelError } from "../../src/errors.ts";

/** The code and message of the SwivelError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (!(error instanceof SwivelError)) throw error;
  return error.message;
}
