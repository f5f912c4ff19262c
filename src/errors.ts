/**
 * Every error that Swivel throws on purpose: typed, coded, and worded as *what is wrong, with which thing, and what to do*.
 * Codes are stable; messages may be reworded.
 */

export type ErrorCode =
  // shapes and graphs
  | "E_SHAPE" // a shape, rank or length that does not fit
  | "E_CHANNELS" // two channel counts that should agree
  | "E_ATTR" // a missing, unknown or impossible attribute
  | "E_GRAPH" // a graph that does not hold together: unknown value, written twice, used before it exists
  | "E_UNKNOWN_OP" // an op that this build does not know
  // files
  | "E_FORMAT" // not the file that it claims to be
  | "E_TRUNCATED" // shorter than its header says
  | "E_TOO_LARGE" // claims more than a limit allows
  | "E_VERSION" // written by a newer Swivel
  | "E_NOT_FINITE" // NaN or infinity where a number is needed
  | "E_CHECKSUM" // bytes that differ from the published ones
  | "E_NOT_FOUND" // a file, folder or name that is not there
  | "E_IO" // reading or writing failed: disk full, no permission
  | "E_OFFLINE" // the network could not be reached
  // running
  | "E_INPUT" // an input that is missing, unknown or of the wrong length or type
  | "E_UNSUPPORTED" // this backend, engine or build cannot do it
  | "E_BACKEND" // a backend failed to start or broke down
  | "E_ADAPTER" // no WebGPU adapter, or no device from it
  | "E_DEVICE_LOST" // the GPU device is gone: driver reset, unplugged, or taken back by the browser
  | "E_MEMORY" // no more memory
  | "E_ABORTED" // the caller's signal fired
  | "E_DISPOSED" // used after dispose()
  | "E_DIVERGED" // training produced NaN or infinity
  // measuring energy
  | "E_SOURCE" // no such source of energy readings here, or one that stopped
  | "E_PERMISSION" // a counter that this user may not read
  | "E_MEASUREMENT" // readings from which nothing can be concluded: a charger, drift, lost samples, clocks that do not fit
  | "E_OPTION"; // an option with an impossible value

/** Base class of all errors thrown on purpose. `code` is stable; `message` is `CODE text`. */
export class SwivelError extends Error {
  // Written out in each class, because minifiers rename the classes themselves.
  override readonly name: string = "SwivelError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${code} ${message}`, options);
    this.code = code;
  }
}

/** Shapes, ranks or channel counts that do not fit. The message names the node, the values and a remedy. */
export class ShapeError extends SwivelError {
  override readonly name = "ShapeError";
}

/** A graph that does not hold together, or an op or attribute that is not known. */
export class GraphError extends SwivelError {
  override readonly name = "GraphError";
}

/** A model or checkpoint file that cannot be read or written. */
export class ModelError extends SwivelError {
  override readonly name = "ModelError";
}

/** A data set that cannot be read. */
export class DataError extends SwivelError {
  override readonly name = "DataError";
}

/** Wrong inputs or options given to a public function or command. */
export class InputError extends SwivelError {
  override readonly name = "InputError";
}

/** A backend that cannot start, or that failed while running. */
export class BackendError extends SwivelError {
  override readonly name = "BackendError";
}

/** Training that cannot go on. */
export class TrainingError extends SwivelError {
  override readonly name = "TrainingError";
}

/** Energy that cannot be measured, or a record of it that cannot be used. */
export class EnergyError extends SwivelError {
  override readonly name = "EnergyError";
}

/** Thrown when the caller's `AbortSignal` fired; what had been done so far is kept whole. */
export class AbortedError extends SwivelError {
  override readonly name = "AbortedError";

  constructor(what: string, options?: ErrorOptions) {
    super("E_ABORTED", `${what} was aborted by its signal`, options);
  }
}
