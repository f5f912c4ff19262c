/** Serves the page to phones on the local network: the page, the package's scripts, the networks, the images; and takes marks back. */
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Offer } from "../../energy/page/main.ts";
import type { Marks } from "../../energy/record.ts";
import { readMarks } from "../../energy/validate.ts";
import { InputError, SwivelError } from "../../src/errors.ts";
import { POLICY, page } from "./phone_page.ts";

export interface Wares {
  readonly offer: Offer;
  readonly models: Readonly<Partial<Record<"A" | "B" | "C", Uint8Array>>>;
  readonly feed?: Uint8Array;
  readonly onMarks: (marks: Marks, text: string) => Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** PEM texts, for https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Marks of a day's run are far smaller. */
const MAX_BODY = 64 * 2 ** 20;

const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/** Where the scripts of the package lie: this one is among them. */
const dist = fileURLToPath(new URL("./", import.meta.url));

export interface Served {
  /** By which others reach it. */
  readonly urls: readonly string[];
  readonly close: () => Promise<void>;
}

/** Throws InputError E_OPTION where the port is taken or the host is not this machine's. */
export async function servePhone(wares: Wares, { host, port, tls }: Address): Promise<Served> {
  const scripts = new Set((await readdir(dist)).filter((name) => /^[\w-]+\.js$/.test(name)));
  const listener: RequestListener = (request, response) => {
    answer(request, response, wares, scripts).catch((error: unknown) => {
      const known = error instanceof SwivelError;
      if (!response.headersSent)
        send(response, known ? 400 : 500, "text/plain; charset=utf-8", known ? error.message : "the server failed");
    });
  };
  const server = tls ? createSecureServer({ cert: tls.cert, key: tls.key }, listener) : createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new InputError("E_OPTION", `the page cannot be served at ${host}:${port}: ${error.message}; choose another --port or --host`, {
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as { port: number }).port;
  const scheme = tls ? "https" : "http";
  const hosts = host === "0.0.0.0" || host === "::" ? ["localhost", ...ownAddresses()] : [host];
  return {
    urls: hosts.map((name) => `${scheme}://${name.includes(":") ? `[${name}]` : name}:${bound}/`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((address) => (address && address.family === "IPv4" && !address.internal ? [address.address] : []));

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": type });
  response.end(body);
}

async function answer(request: IncomingMessage, response: ServerResponse, wares: Wares, scripts: ReadonlySet<string>): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] as string;
  if (request.method === "POST" && path === "/marks.json") {
    const text = await bodyOf(request);
    await wares.onMarks(readMarks(text), text);
    return send(response, 200, "text/plain", "kept");
  }
  if (request.method !== "GET") return send(response, 405, "text/plain", "only GET, and POST of marks.json");
  if (path === "/") return send(response, 200, "text/html; charset=utf-8", page);
  if (path === "/offer.json") return send(response, 200, "application/json", JSON.stringify(wares.offer));
  if (path === "/feed.bin" && wares.feed) return send(response, 200, "application/octet-stream", wares.feed);
  const model = /^\/models\/([ABC])$/.exec(path)?.[1] as "A" | "B" | "C" | undefined;
  const bytes = model && wares.models[model];
  if (bytes) return send(response, 200, "application/octet-stream", bytes);
  const script = /^\/dist\/(.+)$/.exec(path)?.[1];
  if (script !== undefined && scripts.has(script))
    return send(response, 200, "text/javascript; charset=utf-8", await readFile(join(dist, script)));
  return send(response, 404, "text/plain", "there is nothing here");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new SwivelError("E_TOO_LARGE", "marks of more than 64 MiB are none");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
