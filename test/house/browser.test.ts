import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium, type Server, serve } from "../../tools/browser.ts";

/** A request that no client has tidied: `fetch` would resolve `..` itself. */
function raw(url: string, path: string, method = "GET"): Promise<{ status: number; type: string; body: string }> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path, method }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => done({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body }));
    })
      .on("error", fail)
      .end();
  });
}

describe("serve", () => {
  const folder = mkdtempSync(join(tmpdir(), "swivel-serve-"));
  let server: Server;

  beforeAll(async () => {
    mkdirSync(join(folder, "public", "sub"), { recursive: true });
    mkdirSync(join(folder, "public-not"));
    writeFileSync(join(folder, "secret.txt"), "secret");
    writeFileSync(join(folder, "public-not", "secret.txt"), "secret");
    writeFileSync(join(folder, "public", "index.html"), "<!doctype html>");
    writeFileSync(join(folder, "public", "sub", "a b.js"), "1");
    server = await serve(join(folder, "public"), { isolated: true, pages: { "/virtual.html": "<p>" }, headers: { "X-Test": "yes" } });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const cases: [method: string, path: string, status: number, type: string, body?: string][] = [
    ["GET", "/", 200, "text/html; charset=utf-8", "<!doctype html>"],
    ["GET", "/index.html?x=1", 200, "text/html; charset=utf-8", "<!doctype html>"],
    ["HEAD", "/index.html", 200, "text/html; charset=utf-8", ""],
    ["GET", "/sub/a%20b.js", 200, "text/javascript; charset=utf-8", "1"],
    ["GET", "/virtual.html", 200, "text/html; charset=utf-8", "<p>"],
    ["GET", "/sub", 404, "text/plain"],
    ["GET", "/missing.js", 404, "text/plain"],
    ["GET", "/../secret.txt", 404, "text/plain"],
    ["GET", "/..%2fsecret.txt", 404, "text/plain"],
    ["GET", "/%2e%2e/public-not/secret.txt", 404, "text/plain"],
    ["GET", "/..%2fpublic-not%2fsecret.txt", 404, "text/plain"],
    ["GET", "/index.html%00.js", 404, "text/plain"],
    ["GET", "/%zz", 400, "text/plain"],
    ["POST", "/index.html", 405, "text/plain"],
  ];
  it.each(cases)("%s %s is answered with %i", async (method, path, status, type, body) => {
    const answer = await raw(server.url, path, method);
    expect(answer).toMatchObject({ status, type });
    if (body !== undefined) expect(answer.body).toBe(body);
  });

  it("sends the headers that were asked for", async () => {
    const { headers } = await fetch(server.url);
    expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    expect(headers.get("x-test")).toBe("yes");
  });
});

describe("Chromium", () => {
  const before = process.env.SWIVEL_CHROMIUM;
  afterEach(() => {
    if (before === undefined) delete process.env.SWIVEL_CHROMIUM;
    else process.env.SWIVEL_CHROMIUM = before;
  });

  it("is looked for where SWIVEL_CHROMIUM says, and nowhere else", () => {
    process.env.SWIVEL_CHROMIUM = process.execPath;
    expect(findChromium()).toBe(process.execPath);
    process.env.SWIVEL_CHROMIUM = "/no/such/chromium";
    expect(() => findChromium()).toThrow(/SWIVEL_CHROMIUM names \/no\/such\/chromium.*install Chromium/);
  });

  it.each([true, false])("opens a page whose isolation is %s", async (isolated) => {
    const server = await serve(tmpdir(), { isolated, pages: { "/page.html": "<!doctype html><title>page</title>" } });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/page.html`);
      expect(await page.evaluate(() => [document.title, crossOriginIsolated])).toEqual(["page", isolated]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
