/** Script of the worker that a session runs in. */
import type { TensorData } from "./backends/backend.ts";
import { importNode, isNode } from "./backends/platform.ts";
import { inferenceKernels } from "./backends/wasm/lowering.ts";
import { createEngine, type Engine } from "./engine.ts";
import { BackendError } from "./errors.ts";
import { type Answer, fromPlain, type Notice, type Request, toPlain } from "./worker_protocol.ts";

interface Port {
  post(message: Answer | Notice, transfer: ArrayBuffer[]): void;
  listen(onRequest: (request: Request) => void): void;
  close(): void;
}

function serveSession(port: Port): void {
  let engine: Engine | undefined;
  const running = new Map<number, AbortController>();
  const loading = new AbortController();

  const perform = async (request: Exclude<Request, { kind: "abort" | "dispose" }>) => {
    if (request.kind === "load") {
      const { bytes, settings, module } = request;
      const open = async () => {
        if ("error" in module) throw fromPlain(module.error);
        return { ...module, kernels: inferenceKernels };
      };
      engine = await createEngine(bytes, settings, open, {
        signal: loading.signal,
        onPipelines: (done, total) => port.post({ notice: "pipelines", done, total }, []),
        onFallback: (explanation) => port.post({ notice: "fallback", explanation }, []),
      });
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
    if (request.kind === "dispose") {
      loading.abort();
      engine?.dispose();
      return port.close();
    }
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
    serveSession({
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: (on) => port.on("message", on),
      close: () => port.close(),
    });
  });
} else {
  // listens before the first message can come
  serveSession({
    post: (message, transfer) => self.postMessage(message, { transfer }),
    listen: (on) => self.addEventListener("message", (event: MessageEvent<Request>) => on(event.data)),
    close: () => self.close(),
  });
  self.postMessage("ready");
}
