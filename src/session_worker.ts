/** Script of the worker that a session with `worker: true` runs in. */
import type { TensorData } from "./backends/backend.ts";
import { importNode, isNode } from "./backends/platform.ts";
import { inferenceKernels } from "./backends/wasm/lowering.ts";
import { createEngine, type Engine } from "./engine.ts";
import { BackendError } from "./errors.ts";
import { type Answer, type Request, toPlain } from "./worker_protocol.ts";

interface Port {
  post(answer: Answer, transfer: ArrayBuffer[]): void;
  listen(onRequest: (request: Request) => void): void;
}

function serveSession(port: Port): void {
  let engine: Engine | undefined;
  const running = new Map<number, AbortController>();

  const perform = async (request: Exclude<Request, { kind: "abort" }>) => {
    if (request.kind === "load") {
      const { bytes, settings, module } = request;
      const load = async () => ({ base64: module as string });
      engine = await createEngine(bytes, settings, { kernels: inferenceKernels, load: { relaxed: load, baseline: load } });
      return engine.facts;
    }
    if (!engine) throw new BackendError("E_BACKEND", "the worker was asked to run before it had a model");
    if (request.kind === "profile") return engine.profile(request.inputs);
    const controller = new AbortController();
    running.set(request.id, controller);
    try {
      return await engine.run(request.inputs, { outputs: request.outputs, signal: controller.signal });
    } finally {
      running.delete(request.id);
    }
  };

  port.listen(async (request) => {
    const { id } = request;
    if (request.kind === "abort") return running.get(id)?.abort();
    try {
      const value = await perform(request);
      const explanation = (engine as Engine).explain();
      const buffers =
        request.kind === "run" ? Object.values(value as Record<string, TensorData>).map(({ buffer }) => buffer as ArrayBuffer) : [];
      port.post({ id, value, explanation }, buffers);
    } catch (error) {
      port.post({ id, error: toPlain(error) }, []);
    }
  });
}

if (isNode()) {
  void importNode<typeof import("node:worker_threads")>("worker_threads").then(({ parentPort: port }) => {
    if (!port) throw new BackendError("E_BACKEND", "this script runs in a worker only; load a session with worker: true");
    serveSession({ post: (answer, transfer) => port.postMessage(answer, transfer), listen: (on) => port.on("message", on) });
  });
} else {
  // listens before the first message can come
  serveSession({
    post: (answer, transfer) => self.postMessage(answer, { transfer }),
    listen: (on) => self.addEventListener("message", (event: MessageEvent<Request>) => on(event.data)),
  });
}
