/** Helping threads: each instantiates the module over the shared memory and serves until it is told to quit. */
import { comesUp, importNode, isNode } from "../platform.ts";

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

/** Starts helpers 1 … count. Throws an error that says why if one does not start; then none is left. */
export async function startThreads(count: number, shared: Omit<ThreadStart, "worker">): Promise<Threads> {
  const start = isNode() ? startNodeThread : startWebThread;
  const started: Threads[] = [];
  const threads = {
    terminate() {
      for (const thread of started) thread.terminate();
    },
  };
  const starting = Array.from({ length: count }, async (_, i) => void started.push(await start({ ...shared, worker: i + 1 })));
  const refused = (await Promise.allSettled(starting)).find((result) => result.status === "rejected");
  if (!refused) return threads;
  threads.terminate();
  throw new Error(`a thread did not start: ${(refused.reason as Error).message}`);
}

async function startNodeThread(start: ThreadStart): Promise<Threads> {
  const { Worker } = await importNode<typeof import("node:worker_threads")>("worker_threads");
  // without the command line's own flags, of which --input-type would make it a module
  const worker = new Worker(NODE_THREAD, { eval: true, workerData: start, execArgv: [] });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  // a sleeping helper must not keep the process alive
  worker.unref();
  return { terminate: () => void worker.terminate() };
}

async function startWebThread(start: ThreadStart): Promise<Threads> {
  const worker = new Worker(new URL("./wasm_thread.js", import.meta.url), { type: "module", name: `swivel ${start.worker}` });
  await comesUp(worker, "wasm_thread.js", start);
  return worker;
}
