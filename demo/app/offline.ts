/** The service worker's page side: use without a network, isolation on hosts that send no headers, updates, installing. */
import { byId, say } from "./dom.ts";
import { notice } from "./notices.ts";
import { state } from "./store.ts";
import { studio, studioReady } from "./studio.ts";

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

const RELOADED = "swivel reloaded for isolation";

/** Somebody has begun to use the page: it must not go away under their hands. */
let touched = false;

export function startOffline(): void {
  for (const kind of ["pointerdown", "keydown", "drop"]) addEventListener(kind, () => (touched = true), { once: true, capture: true });
  bindInstall();
  const words = byId("offline-words");
  if (!("serviceWorker" in navigator)) {
    say(words, "This browser cannot keep the page for use without a network here: that needs https.");
    return;
  }
  register().then(
    (kept) => {
      say(
        words,
        kept
          ? "Ready for use without a network, training included."
          : "Ready for use without a network, but for the training pictures: they come when you train.",
      );
      words.dataset.ready = String(kept);
    },
    () => say(words, "The page could not be kept for use without a network: the browser refused its storage."),
  );
}

/** Resolves when everything is kept; false where the pictures could not be fetched. */
async function register(): Promise<boolean> {
  const isFirstVisit = navigator.serviceWorker.controller === null;
  const registration = await navigator.serviceWorker.register("service_worker.js", { updateViaCache: "none" });
  if (!isFirstVisit) offerUpdates(registration);
  const { active } = await navigator.serviceWorker.ready;
  if (!crossOriginIsolated) isolate();
  if ((navigator as { connection?: { saveData?: boolean } }).connection?.saveData) return false;
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data === "kept"));
    studioReady
      .then(() => studio.warm())
      .then(
        (keep) => active?.postMessage({ keep }),
        () => active?.postMessage({ keep: [] }),
      );
  });
}

/** The service worker adds the headers that the host does not send, from the next load on. */
function isolate(): void {
  if (!isSecureContext || sessionStorage.getItem(RELOADED)) return;
  const reload = (): void => {
    sessionStorage.setItem(RELOADED, "yes");
    location.reload();
  };
  if ((state.phase === "ready" || state.phase === "starting") && !touched && scrollY === 0) reload();
  else
    notice("After a reload training can use all cores. What is under way is kept.", {
      name: "isolate",
      action: { label: "Reload", run: reload },
    });
}

/** A new version waits until it is asked for. */
function offerUpdates(registration: ServiceWorkerRegistration): void {
  const offer = (worker: ServiceWorker): void => {
    const run = (): void => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      worker.postMessage("update");
    };
    notice("A new version of this page is here.", { name: "update", action: { label: "Use it", run } });
  };
  if (registration.waiting) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed") offer(worker);
    });
  });
}

function bindInstall(): void {
  const button = byId<HTMLButtonElement>("install");
  let prompt: InstallPrompt | undefined;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt = event as InstallPrompt;
    button.hidden = false;
  });
  button.addEventListener("click", () => {
    button.hidden = true;
    void prompt?.prompt();
  });
}
