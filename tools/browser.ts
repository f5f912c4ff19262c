/**
 * Chromium for the tests that need a real browser, and a small server for their pages.
 * Run as a script (`npm test` does) it makes sure that there is one, and downloads Playwright's build where there is none.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium } from "playwright";
import { binOf } from "./bin.ts";
import { isMain } from "./is_main.ts";

const remedy = `install Chromium or Chrome (Debian, Ubuntu: apt-get install chromium), or run "npx playwright install --with-deps chromium", or set SWIVEL_CHROMIUM to its executable`;

/** Where systems put a Chromium, in the order of preference. */
function systemPlaces(): string[] {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"];
  if (process.platform === "darwin") {
    const apps = ["Chromium", "Google Chrome", "Microsoft Edge"];
    return apps.flatMap((app) => ["", process.env.HOME ?? ""].map((home) => `${home}/Applications/${app}.app/Contents/MacOS/${app}`));
  }
  if (process.platform === "win32") {
    const bases = [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA].filter(
      (base) => base !== undefined,
    );
    const programs = ["Chromium/Application/chrome.exe", "Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe"];
    return bases.flatMap((base) => programs.map((program) => join(base, program)));
  }
  return ["/usr/bin", "/usr/local/bin", "/snap/bin", "/opt/google/chrome"].flatMap((dir) => names.map((name) => `${dir}/${name}`));
}

/** The executable of a Chromium: `SWIVEL_CHROMIUM`, Playwright's own, or the system's; undefined where there is none. */
export function findChromium(): string | undefined {
  const chosen = process.env.SWIVEL_CHROMIUM;
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`SWIVEL_CHROMIUM names ${chosen}, which does not exist; ${remedy}`);
    return chosen;
  }
  return [chromium.executablePath(), ...systemPlaces()].find((path) => path !== "" && existsSync(path));
}

export interface LaunchOptions {
  /** Turns WebGPU on; with the software adapter that Chromium brings, so that it means the same everywhere. */
  webgpu?: boolean;
}

/** Starts Chromium without a window; close it when done. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`no Chromium found; ${remedy}`);
  const args = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
  // Chromium's sandbox refuses to run as root, and Docker's default profile leaves little shared memory.
  if (process.getuid?.() === 0) args.push("--no-sandbox", "--disable-dev-shm-usage");
  if (options.webgpu) args.push("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader");
  return chromium.launch({ executablePath, args });
}

/** Finds Chromium or downloads Playwright's build once. Throws with the remedy where neither works. */
export function ensureChromium(): string {
  const found = findChromium();
  if (found !== undefined) return found;
  console.error("no Chromium found: downloading Playwright's build (once)");
  spawnSync(process.execPath, [binOf("playwright", "playwright"), "install", "chromium"], { stdio: ["ignore", "inherit", "inherit"] });
  const installed = findChromium();
  if (installed === undefined) throw new Error(`no Chromium found, and Playwright's could not be downloaded; ${remedy}`);
  return installed;
}

const mediaTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

export interface ServeOptions {
  /** Sends COOP and COEP, so that pages are cross-origin isolated and may share memory with workers. */
  isolated: boolean;
  /** More headers for every answer, a Content-Security-Policy for instance. */
  headers?: Readonly<Record<string, string>>;
  /** Pages that are not files: path (`/page.html`) to content. */
  pages?: Readonly<Record<string, string>>;
  /** A free one unless given. */
  port?: number;
  /** Gzips what gains from it, and lets browsers keep files as long as they ask whether they have changed: as most hosts do. */
  likeHosts?: boolean;
}

export interface Server {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on 127.0.0.1 at a free port, or the one that is given. Answers GET and HEAD; `/` is index.html; nothing outside the folder is reachable. */
export async function serve(dir: string, options: ServeOptions): Promise<Server> {
  const base = resolve(dir);
  const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const common = { "Cache-Control": "no-store", ...(options.isolated ? isolation : {}), ...options.headers };
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) => {
      response.writeHead(status, { ...common, "Content-Type": type });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    let path: string;
    try {
      path = decodeURIComponent(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
    } catch {
      return answer(400, "text/plain", "malformed address");
    }
    if (path.endsWith("/")) path += "index.html";
    const type = mediaTypes[extname(path)] ?? "application/octet-stream";
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "text/plain", "only GET and HEAD");
    const page = options.pages?.[path];
    if (page !== undefined) return answer(200, type, page);
    const file = resolve(base, `.${path}`);
    const stats = file.startsWith(base + sep) && !path.includes("\0") ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (!stats?.isFile()) return answer(404, "text/plain", `${path} not found`);
    if (options.likeHosts)
      return answerLikeHosts(request, response, file, { ...common, "Content-Type": type, "Cache-Control": "no-cache" });
    response.writeHead(200, { ...common, "Content-Type": type, "Content-Length": stats.size });
    if (request.method === "HEAD") response.end();
    else createReadStream(file).pipe(response);
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(options.port ?? 0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done, fail) => {
        server.close((error) => (error ? fail(error) : done()));
        server.closeAllConnections();
      }),
  };
}

function answerLikeHosts(request: IncomingMessage, response: ServerResponse, file: string, headers: OutgoingHttpHeaders): void {
  const bytes = readFileSync(file);
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 20)}"`;
  const packed = !/\.(gz|png|woff2)$/.test(file) && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const unchanged = request.headers["if-none-match"] === etag;
  response.writeHead(unchanged ? 304 : 200, {
    ...headers,
    ETag: etag,
    Vary: "Accept-Encoding",
    ...(packed && { "Content-Encoding": "gzip" }),
  });
  response.end(unchanged || request.method === "HEAD" ? undefined : packed ? gzipSync(bytes) : bytes);
}

if (isMain(import.meta.url)) {
  try {
    ensureChromium();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
