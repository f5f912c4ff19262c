/** An engine in a worker: its page side. */
import { abortable } from "./backends/abort.ts";
import type { Explanation, NodeTime, TensorData } from "./backends/backend.ts";
import { comesUp, importNode, isNode } from "./backends/platform.ts";
import { inferenceBuild, openModule } from "./backends/wasm/backend.ts";
import type { Engine, EngineHooks, EngineInput, EngineInputs, EngineRunOptions, ModelFacts } from "./engine.ts";
import { AbortedError, BackendError } from "./errors.ts";
import type { EngineSettings } from "./options.ts";
import { type Answer, fromPlain, type LoadRequest, type Notice, type Request, toPlain } from "./worker_protocol.ts";

/** The same face for both kinds of workers. */
interface Link {
  /** Rejects where the worker does not come up. What is posted before waits for it. */
  readonly up: Promise<void>;
  post(request: Request, transfer: ArrayBuffer[]): void;
  /** Node ends when nothing keeps it: a worker does so only while it works. */
  keepAlive(busy: boolean): void;
  /** Ends the worker. One that has a GPU in Node must let go of it first: Dawn ends the whole process where a promise of its own is left open. */
  end(hasGpu: boolean): void;
}

async function openLink(onMessage: (message: Answer | Notice) => void, onFailure: (why: string) => void): Promise<Link> {
  if (isNode()) {
    const { Worker: NodeWorker } = await importNode<typeof import("node:worker_threads")>("worker_threads");
    // not as bundlers know it, which take the one below for the page's worker; and a worker has no use for the command line's own flags
    const script = import.meta.url.replace(/[^/]*$/, "session_worker.js");
    const worker = new NodeWorker(new URL(script), { name: "swivel session", execArgv: [] });
    worker.on("message", onMessage);
    worker.on("error", (error) => onFailure(error.message));
    worker.on("exit", (code) => onFailure(`it ended with code ${code}`));
    return {
      up: Promise.resolve(),
      post: (request, transfer) => worker.postMessage(request, transfer),
      keepAlive: (busy) => (busy ? worker.ref() : worker.unref()),
      end: (hasGpu) => {
        if (!hasGpu) return void worker.terminate();
        worker.ref();
        worker.postMessage({ kind: "dispose", id: 0 } satisfies Request);
      },
    };
  }
  const worker = new Worker(new URL("./session_worker.js", import.meta.url), { type: "module", name: "swivel session" });
  const up = comesUp(worker, "session_worker.js").then(() => {
    worker.onmessage = (event: MessageEvent<Answer | Notice>) => onMessage(event.data);
    worker.onmessageerror = () => onFailure("a message could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      onFailure(event.message);
    };
  });
  return { up, post: (request, transfer) => worker.postMessage(request, transfer), keepAlive: () => {}, end: () => worker.terminate() };
}

interface Pending {
  resolve(value: never): void;
  reject(error: Error): void;
}

function notStarted(error: Error): never {
  const message = `the session's worker did not start: ${error.message}; allow it, or take worker: false`;
  throw new BackendError("E_BACKEND", message, { cause: error });
}

/** A device cannot go into a worker. */
type WorkerHooks = Omit<EngineHooks, "device">;

class WorkerEngine implements Engine {
  facts: ModelFacts = { inputs: [], outputs: [] };
  readonly #settings: EngineSettings;
  readonly #hooks: WorkerHooks;
  #link: Link | undefined;
  #explanation: Explanation | undefined;
  #dead: Error | undefined;
  #ids = 0;
  readonly #pending = new Map<number, Pending>();

  constructor(settings: EngineSettings, hooks: WorkerHooks) {
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** The worker comes up while `bytes` are under way and the kernels are compiled; the bytes are copied. */
  async load(bytes: Promise<Uint8Array>): Promise<this> {
    const { signal } = this.#hooks;
    const opening = openLink(
      (message) => ("notice" in message ? this.#hear(message) : this.#receive(message)),
      (why) => this.#end(new BackendError("E_BACKEND", `the session's worker stopped: ${why}`)),
    ).then((link) => {
      this.#link = link;
      if (this.#dead) link.end(false);
      // whoever waits for it, below, hears of errors
      link.up.catch(() => {});
      return link;
    }, notStarted);
    const onAbort = () => this.#end(new AbortedError("loading", { cause: signal?.reason }));
    try {
      const [link, model, module] = await abortable(Promise.all([opening, bytes, this.#module()]), "loading", signal);
      signal?.addEventListener("abort", onAbort, { once: true });
      // not slice(), which is a view for Node's buffers
      const copy = new Uint8Array(model);
      const request = { kind: "load", id: ++this.#ids, bytes: copy, settings: this.#settings, module } as const;
      [this.facts] = await Promise.all([this.#ask<ModelFacts>(request, [copy.buffer]), link.up.catch(notStarted)]);
    } catch (error) {
      this.#end(error as Error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    return this;
  }

  /** Only an engine that needs the kernels tells why there are none. */
  async #module(): Promise<LoadRequest["module"]> {
    try {
      const { kernels, ...module } = await openModule(inferenceBuild, this.#settings, false);
      return module;
    } catch (error) {
      return { error: toPlain(error) };
    }
  }

  async run(inputs: EngineInputs, { outputs, signal }: EngineRunOptions): Promise<Record<string, TensorData>> {
    if (signal?.aborted) throw new AbortedError("the run", { cause: signal.reason });
    const id = ++this.#ids;
    const { copies, buffers } = copyInputs(inputs);
    // the worker goes on with the next run as soon as it hears of it; the caller need not wait for that
    const onAbort = () => {
      this.#link?.post({ kind: "abort", id }, []);
      this.#settle(id)?.reject(new AbortedError("the run", { cause: signal?.reason }));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#ask<Record<string, TensorData>>({ kind: "run", id, inputs: copies, outputs }, buffers);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async profile(inputs: EngineInputs): Promise<NodeTime[]> {
    const { copies, buffers } = copyInputs(inputs);
    return this.#ask<NodeTime[]>({ kind: "profile", id: ++this.#ids, inputs: copies }, buffers);
  }

  explain(): Explanation {
    return this.#explanation as Explanation;
  }

  dispose(): void {
    this.#end(new BackendError("E_DISPOSED", "the session was disposed; load it again"));
  }

  #ask<T>(request: Request, transfer: ArrayBuffer[]): Promise<T> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      this.#link?.keepAlive(true);
      this.#link?.post(request, transfer);
    });
  }

  #receive(answer: Answer): void {
    const pending = this.#settle(answer.id);
    if ("error" in answer) pending?.reject(fromPlain(answer.error));
    else {
      this.#explanation = answer.explanation;
      pending?.resolve(answer.value as never);
    }
  }

  #hear(notice: Notice): void {
    if (this.#dead) return;
    if (notice.notice === "fallback") {
      this.#explanation = notice.explanation;
      this.#hooks.onFallback?.(notice.explanation);
      return;
    }
    try {
      this.#hooks.onPipelines?.(notice.done, notice.total);
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#link?.keepAlive(false);
    return pending;
  }

  /** Nothing runs any more; whoever waits, or asks later, learns why. */
  #end(why: Error): void {
    if (this.#dead) return;
    this.#dead = why;
    this.#link?.end(this.#settings.backend !== "wasm" && this.#explanation?.backend !== "wasm");
    for (const { reject } of this.#pending.values()) reject(why);
    this.#pending.clear();
  }
}

/** Copies that can be handed over: the caller keeps its own, and no more of a large buffer travels than what is used. */
function copyInputs(inputs: EngineInputs): { copies: EngineInputs; buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = [];
  const own = <T extends { readonly buffer: ArrayBuffer }>(data: T): T => {
    buffers.push(data.buffer);
    return data;
  };
  const copy = (input: EngineInput): EngineInput => {
    if (input instanceof Float32Array) return own(new Float32Array(input));
    if (input instanceof Int32Array) return own(new Int32Array(input));
    // of a wrong type: the engine says so
    if (ArrayBuffer.isView(input)) return input;
    return input.map(({ width, height, data }) => ({ width, height, data: own(new Uint8Array(data)) }));
  };
  const copies = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, copy(input)]));
  return { copies, buffers };
}

/** Throws what `bytes` and `createEngine` throw, and BackendError E_BACKEND where the worker does not start. */
export async function createWorkerEngine(bytes: Promise<Uint8Array>, settings: EngineSettings, hooks: WorkerHooks): Promise<Engine> {
  return new WorkerEngine(settings, hooks).load(bytes);
}
