/** Helping threads: each instantiates the module over the shared memory and serves until it is told to quit. */
import { BackendError } from "../../errors.ts";
import { importNode, isNode } from "../platform.ts";

/** What a helper needs; posted to it as one message. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly worker: number;
}

export interface Threads {
  terminate(): void;
}

/** Serves in the thread that received `start`; returns when the host quits. */
export function serve(start: ThreadStart): void {
  const instance = new WebAssembly.Instance(start.module, { env: { memory: start.memory } });
  (instance.exports.serve as (control: number, worker: number) => void)(start.control, start.worker);
}

// a few lines without imports, so that no file has to be found; functions travel as their source text only in Node
const NODE_THREAD = `const { parentPort, workerData: s } = require("node:worker_threads");
const instance = new WebAssembly.Instance(s.module, { env: { memory: s.memory } });
parentPort.postMessage("ready");
instance.exports.serve(s.control, s.worker);`;

/** Starts helpers 1 … count. Throws BackendError E_BACKEND if one does not start. */
export async function startThreads(count: number, shared: Omit<ThreadStart, "worker">): Promise<Threads> {
  const started = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      isNode() ? startNodeThread({ ...shared, worker: i + 1 }) : startWebThread({ ...shared, worker: i + 1 }),
    ),
  );
  return {
    terminate() {
      for (const thread of started) thread.terminate();
    },
  };
}

async function startNodeThread(start: ThreadStart): Promise<Threads> {
  const { Worker } = await importNode<typeof import("node:worker_threads")>("worker_threads");
  // without the command line's own flags, of which --input-type would make it a module
  const worker = new Worker(NODE_THREAD, { eval: true, workerData: start, execArgv: [] });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", (error) =>
      reject(new BackendError("E_BACKEND", `a thread did not start: ${error.message}; try threads: 1`, { cause: error })),
    );
  });
  // a sleeping helper must not keep the process alive
  worker.unref();
  return { terminate: () => void worker.terminate() };
}

async function startWebThread(start: ThreadStart): Promise<Threads> {
  const worker = new Worker(new URL("./wasm_thread.js", import.meta.url), { type: "module", name: `swivel ${start.worker}` });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) =>
      reject(new BackendError("E_BACKEND", `a thread did not start: ${event.message || "its script could not be loaded"}; try threads: 1`));
    worker.postMessage(start);
  });
  return worker;
}
