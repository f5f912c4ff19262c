/** Where a session's engine lives: in a worker or in the thread that asked. */
import type { Explanation } from "./backends/backend.ts";
import { inferenceBuild, openModule } from "./backends/wasm/backend.ts";
import { isWindow } from "./backends/wasm/features.ts";
import { createEngine, type Engine, type EngineHooks } from "./engine.ts";
import { BackendError } from "./errors.ts";
import type { EngineSettings, SessionOptions } from "./options.ts";
import { createWorkerEngine } from "./worker_engine.ts";

export type Home = Required<Pick<Explanation, "worker" | "workerWhy">>;

/**
 * An engine for the model whose bytes are under way, where `worker` says; by default in a worker if this is a window and one can be started. Throws what
 * `bytes`, `createEngine` and, for `worker: true`, `createWorkerEngine` throw.
 */
export async function openEngine(
  bytes: Promise<Uint8Array>,
  { backend, device, worker = "auto" }: SessionOptions,
  settings: EngineSettings,
  hooks: Omit<EngineHooks, "device">,
): Promise<{ engine: Engine; home: Home }> {
  // whoever waits for them hears of it; a worker that is refused first must not leave that to the page
  bytes.catch(() => {});
  let workerWhy = whyHere(backend, device, worker);
  if (workerWhy === undefined) {
    try {
      const engine = await createWorkerEngine(bytes, settings, hooks);
      return { engine, home: { worker: true, workerWhy: worker === true ? "a worker was asked for" : "a window must stay responsive" } };
    } catch (error) {
      // a fault of the model or of the address is the same everywhere
      if (worker === true || !(error instanceof BackendError)) throw error;
      workerWhy = error.message;
    }
  }
  const open = () => openModule(inferenceBuild, settings);
  return { engine: await createEngine(await bytes, settings, open, { ...hooks, device }), home: { worker: false, workerWhy } };
}

function whyHere(backend: SessionOptions["backend"], device: GPUDevice | undefined, worker: boolean | "auto"): string | undefined {
  if (worker === true) return undefined;
  if (worker === false) return "no worker was asked for";
  if (device) return "the app's GPUDevice cannot go into a worker";
  if (!isWindow()) return "only windows must stay responsive";
  return backend === "webgpu" ? "a GPU does not keep the window busy" : undefined;
}
