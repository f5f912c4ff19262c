/**
 * Keeps the whole app for use without a network, in one cache per version; hands a new version over only when the page asks; and adds the headers that
 * isolate a page on hosts which cannot send them, so that training gets its threads there too.
 */
declare const VERSION: string;
/** The app's files; those of which a device needs a part; those of the training pictures. */
declare const FILES: readonly string[];
declare const LAZY: readonly string[];
declare const DATA: readonly string[];

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope extends EventTarget {
  readonly location: Location;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

const scope = globalThis as unknown as WorkerScope;
const PREFIX = "swivel ";
const NAME = PREFIX + VERSION;
/** Pictures are waited for so long when the app is installed; on a slow line they come later. */
const PATIENCE = 4000;

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

scope.addEventListener("install", (event) => {
  const install = async (): Promise<void> => {
    const cache = await caches.open(NAME);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
    await Promise.race([keepData().catch(() => {}), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  };
  (event as ExtendableEvent).waitUntil(install());
});

scope.addEventListener("activate", (event) => {
  const activate = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
    await scope.clients.claim();
  };
  (event as ExtendableEvent).waitUntil(activate());
});

scope.addEventListener("message", (event) => {
  const { data, source } = event as MessageEvent<"update" | { readonly keep: readonly string[] }>;
  if (data === "update") return void scope.skipWaiting();
  const keep = Promise.all([keepLazy(data.keep), keepData()]).then(
    () => source?.postMessage("kept"),
    () => source?.postMessage("not kept"),
  );
  (event as unknown as ExtendableEvent).waitUntil(keep);
});

scope.addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const inside = request.url.startsWith(scope.registration.scope);
  if (request.method === "GET" && inside) (event as FetchEvent).respondWith(answer(request));
});

/** What this device has used of the files that not every device needs. */
async function keepLazy(used: readonly string[]): Promise<void> {
  const cache = await caches.open(NAME);
  for (const file of LAZY) if (used.includes(file) && !(await cache.match(file))) await cache.add(new Request(file, { cache: "no-cache" }));
}

/** The training pictures, from the version before where that had them: their names carry no version, since they never change. */
async function keepData(): Promise<void> {
  const cache = await caches.open(NAME);
  for (const file of DATA) {
    if (await cache.match(file)) continue;
    const known = await caches.match(file);
    if (known) await cache.put(file, known);
    else await cache.add(file);
  }
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const wanted = request.mode === "navigate" ? pageOf(request.url) : request;
  const kept = await cache.match(wanted, { ignoreSearch: true });
  if (kept) return isolated(kept);
  const response = await fetch(request);
  const file = request.url.slice(scope.registration.scope.length);
  if (response.ok && LAZY.includes(file)) await cache.put(request, response.clone());
  return isolated(response);
}

/** The app is one page, whatever its address says behind the question mark. */
function pageOf(url: string): string {
  const { pathname } = new URL(url);
  return pathname.endsWith("/") || pathname.endsWith("/index.html") ? "./" : url;
}

function isolated(response: Response): Response {
  if (response.status === 0 || response.redirected) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
