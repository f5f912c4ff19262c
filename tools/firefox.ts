/** The system's Firefox, driven over WebDriver BiDi, which it speaks by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { asJson, findProgram, fromJson, isExecutable, type Tab, type TestBrowser } from "./tab.ts";

const remedy = "install Firefox (Debian: apt-get install firefox-esr), or set SWIVEL_FIREFOX to its executable";
const START_MS = 60_000;

/** The executable of a Firefox: `SWIVEL_FIREFOX` or the system's; undefined where there is none. */
export function findFirefox(): string | undefined {
  const chosen = process.env.SWIVEL_FIREFOX;
  if (chosen && !isExecutable(chosen)) throw new Error(`SWIVEL_FIREFOX names ${chosen}, which is no program; ${remedy}`);
  if (chosen) return chosen;
  const app = "/Applications/Firefox.app/Contents/MacOS/firefox";
  return findProgram("firefox", "firefox-esr") ?? (isExecutable(app) ? app : undefined);
}

/** Nothing that speaks to the network, asks or shows a page of its own. */
const preferences = {
  "app.update.disabledForTesting": true,
  "app.normandy.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
  // as any page gets them that has seen a click
  "media.autoplay.default": 0,
};

/** Starts Firefox without a window and with a new profile; close it when done. */
export async function launchFirefox(): Promise<TestBrowser> {
  const executable = findFirefox();
  if (executable === undefined) throw new Error(`no Firefox found; ${remedy}`);
  const profile = mkdtempSync(join(tmpdir(), "swivel-firefox-"));
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"];
  // its own home: one that belongs to somebody else stops it
  const browser = spawn(executable, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: profile } });
  const exited = once(browser, "exit");
  const endAtOnce = () => browser.kill();
  process.once("exit", endAtOnce);
  const end = async () => {
    process.off("exit", endAtOnce);
    browser.kill();
    await exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const bidi = await connect(`${await addressOf(browser)}/session`);
    const { capabilities } = await bidi.ask<{ capabilities: { browserVersion: string } }>("session.new", { capabilities: {} });
    return {
      name: "Firefox",
      version: capabilities.browserVersion,
      newTab: () => newTab(bidi),
      async close() {
        bidi.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where it listens, which it says when it is ready. */
function addressOf(browser: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`Firefox did not start within ${START_MS / 1000} s: ${text}`)), START_MS);
    browser.once("error", reject);
    browser.once("exit", (code) => reject(new Error(`Firefox ended with code ${code}: ${text}`)));
    browser.stderr?.setEncoding("utf8").on("data", (part: string) => {
      text = `${text}${part}`.slice(-2000);
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(text)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}

interface Bidi {
  /** Throws what the browser answers as an error. */
  ask<R>(method: string, params: object): Promise<R>;
  close(): void;
}

async function connect(url: string): Promise<Bidi> {
  const socket = new WebSocket(url, { maxPayload: 1 << 30 });
  await once(socket, "open");
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let ids = 0;
  const failAll = (): void => {
    for (const { reject } of waiting.values()) reject(new Error("Firefox closed the connection"));
    waiting.clear();
  };
  socket.on("close", failAll);
  socket.on("message", (data) => {
    const { id, result, error, message } = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: string; message?: string };
    const asked = waiting.get(id ?? -1);
    waiting.delete(id ?? -1);
    if (error === undefined) asked?.resolve(result as never);
    else asked?.reject(new Error(`Firefox: ${error}: ${message}`));
  });
  return {
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) return reject(new Error("Firefox closed the connection"));
        const id = ++ids;
        waiting.set(id, { resolve, reject });
        socket.send(JSON.stringify({ id, method, params }));
      }),
    close: () => socket.close(),
  };
}

async function newTab(bidi: Bidi): Promise<Tab> {
  const { context } = await bidi.ask<{ context: string }>("browsingContext.create", { type: "tab" });
  type Result = { readonly result?: { readonly value: string }; readonly exceptionDetails?: { readonly text: string } };
  return {
    goto: (url) => bidi.ask("browsingContext.navigate", { context, url, wait: "complete" }),
    async evaluate(body, argument) {
      const { result, exceptionDetails } = await bidi.ask<Result>("script.callFunction", {
        functionDeclaration: asJson(body),
        arguments: argument === undefined ? [] : [{ type: "string", value: JSON.stringify(argument) }],
        target: { context },
        awaitPromise: true,
      });
      if (!result) throw new Error(`in the page: ${exceptionDetails?.text}`);
      return fromJson(result.value);
    },
    close: async () => void (await bidi.ask("browsingContext.close", { context })),
  };
}
