/** WebKitGTK's own small browser, driven over WebDriver: the nearest thing to Safari on Linux. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { asJson, findProgram, fromJson, isExecutable, type Tab, type TestBrowser } from "./tab.ts";

const remedy = "install WebKitGTK with its driver, and a display for it (Debian: apt-get install webkit2gtk-driver xvfb)";
const TIMEOUT_MS = 600_000;

/** Driver, browser and, where the system shows nothing, a display without a screen; undefined where one is missing. */
export function findWebKit(): { driver: string; browser: string; xvfb: string | undefined } | undefined {
  const driver = findProgram("WebKitWebDriver");
  const libraries = [
    "/usr/libexec",
    "/usr/lib",
    "/usr/lib64",
    `/usr/lib/${{ x64: "x86_64", arm64: "aarch64" }[process.arch as string]}-linux-gnu`,
  ];
  const browser = libraries
    .filter((dir) => existsSync(dir))
    .flatMap((dir) =>
      readdirSync(dir)
        .filter((name) => name.startsWith("webkit2gtk-4") || name.startsWith("webkitgtk-6"))
        .map((name) => join(dir, name, "MiniBrowser")),
    )
    .find(isExecutable);
  const xvfb = findProgram("Xvfb");
  const shown = process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY ?? xvfb;
  return driver && browser && shown ? { driver, browser, xvfb } : undefined;
}

/** Starts the browser on a display that nobody sees; close it when done. */
export async function launchWebKit(): Promise<TestBrowser> {
  const found = findWebKit();
  if (!found) throw new Error(`no WebKitGTK found; ${remedy}`);
  const started: ChildProcess[] = [];
  const endAtOnce = () => {
    for (const child of started) child.kill();
  };
  process.once("exit", endAtOnce);
  const end = async () => {
    process.off("exit", endAtOnce);
    for (const child of started.reverse()) {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      child.kill();
      await exited;
    }
  };
  try {
    // Safari shares memory with workers of isolated pages; WebKitGTK does so when asked
    const env: NodeJS.ProcessEnv = { ...process.env, JSC_useSharedArrayBuffer: "1" };
    if (found.xvfb) {
      const display = spawn(found.xvfb, ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], {
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      });
      started.push(display);
      const [number] = (await once(display.stdio[3] as Readable, "data")) as [Buffer];
      env.DISPLAY = `:${String(number).trim()}`;
      delete env.WAYLAND_DISPLAY;
    }
    const port = await freePort();
    started.push(spawn(found.driver, [`--port=${port}`], { stdio: "ignore", env }));
    const url = `http://127.0.0.1:${port}`;
    await untilReady(url);
    const options = { binary: found.browser, args: ["--automation"] };
    const timeouts = { script: TIMEOUT_MS, pageLoad: TIMEOUT_MS };
    const { sessionId, capabilities } = await ask<{ sessionId: string; capabilities: { browserVersion: string } }>(
      url,
      "POST",
      "/session",
      {
        capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options, timeouts } },
      },
    );
    const session = `${url}/session/${sessionId}`;
    const home = await ask<string>(session, "GET", "/window");
    return {
      name: "WebKitGTK",
      version: capabilities.browserVersion,
      newTab: () => newTab(session, home),
      async close() {
        await ask(session, "DELETE", "").catch(() => {});
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Throws what the driver answers as an error. */
async function ask<R>(url: string, method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<R> {
  const headers = { "Content-Type": "application/json" };
  // fetch gives up after five minutes without an answer; what runs in a page may take longer, but none of the tests does
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: R & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`WebKitGTK: ${value.error}: ${value.message}`);
  return value;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function untilReady(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask(url, "GET", "/status");
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** `home`: a window that stays open, since new ones are made from an open one. */
async function newTab(session: string, home: string): Promise<Tab> {
  const post = <R>(path: string, body: object) => ask<R>(session, "POST", path, body);
  await post("/window", { handle: home });
  const { handle } = await post<{ handle: string }>("/window/new", { type: "tab" });
  const select = () => post("/window", { handle });
  return {
    async goto(url) {
      await select();
      await post("/url", { url });
    },
    async evaluate(body, argument) {
      await select();
      const script = `const [argument, done] = arguments; (${asJson(body)})(argument ?? undefined).then(done);`;
      return fromJson(await post<string>("/execute/async", { script, args: [argument === undefined ? null : JSON.stringify(argument)] }));
    },
    async close() {
      await select();
      await ask(session, "DELETE", "/window");
    },
  };
}
