/** The page for phones, in a real browser, from the command that serves it. */
import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMarks } from "../../energy/validate.ts";
import { writeModel } from "../../src/model/model.ts";
import { Random } from "../../src/random.ts";
import { launchChromium } from "../../tools/browser.ts";
import { Net } from "../../training/net.ts";
import { folder, put, swivel } from "../cli/run.ts";

function network(name: string, width: number): string {
  const { graph, init } = new Net({ channels: 1, height: 28, width: 28 }).conv(width, 3).relu().flatten().linear(10).build();
  writeFileSync(join(folder, name), writeModel({ graph, tensors: init(new Random(1)) }));
  return name;
}

const SHORT = ["--window", "0.5", "--settle", "0", "--idle", "2", "--warmup", "0.5", "--pairs", "10", "--null-pairs", "0", "--no-sync"];

describe("swivel energy phone", () => {
  let browser: Browser;
  let child: ChildProcess | undefined;
  let url = "";
  const out = put("phone", { x: Buffer.from("") });

  beforeAll(async () => {
    browser = await launchChromium();
    const args = [
      "energy",
      "phone",
      network("a.safetensors", 24),
      network("b.safetensors", 4),
      "--port",
      "0",
      "--host",
      "127.0.0.1",
      "--out",
      out,
      "--limit",
      "20",
      ...SHORT,
      "--json",
    ];
    url = await new Promise<string>((resolve, reject) => {
      const onStdout = (text: string, started: ChildProcess): void => {
        child = started;
        if (text.endsWith("}\n")) resolve(JSON.parse(text).urls[0]);
      };
      swivel(args, { onStdout }).then(({ stderr }) => reject(new Error(stderr)), reject);
    });
  });
  afterAll(async () => {
    child?.kill("SIGINT");
    await browser.close();
  });

  it("measures on the page, sends marks back, and lays a recording over them without the network", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.getByRole("button", { name: "Measure" }).click();
    const status = page.getByRole("status").first();
    await expect.poll(() => status.textContent(), { timeout: 120_000, interval: 500 }).toMatch(/^(Done|Stopped|E_|unexpected)/);
    expect(await status.textContent()).toMatch(/^Done\./);
    const text = readFileSync(join(out, "marks.json"), "utf8");
    const marks = readMarks(text);
    expect(marks.marks.filter(({ kind }) => kind === "window")).toHaveLength(20);
    expect(marks.arms.map(({ arm, model, backend }) => [arm, model, backend])).toEqual([
      ["A", "a.safetensors", "wasm"],
      ["B", "b.safetensors", "wasm"],
    ]);
    expect(marks.arms[0]?.hits).toMatch(/^[01-]{20}$/);
    expect(marks.device.browser).toMatch(/Chrome/);
    expect(marks.arms[0]?.threads).toBeGreaterThan(0);

    // load from the end of one idling to the start of the other, whatever a busy machine leaves between windows
    const idle = marks.marks.filter(({ kind }) => kind === "idle");
    const [loaded, rested] = [idle[0]?.end ?? 0, idle.at(-1)?.start ?? 0];
    const [first, last] = [marks.marks[0]?.start ?? 0, marks.marks.at(-1)?.end ?? 0];
    const rows: string[] = [];
    for (let t = first - 2000; t < last + 2000; t += 10) rows.push(`${(t - first).toFixed(0)},${t >= loaded && t < rested ? 5 : 1}`);
    await context.setOffline(true);
    await page.getByLabel("Behind the meter the battery was full").check();
    await page.getByLabel("Files").setInputFiles([
      { name: "marks.json", mimeType: "application/json", buffer: Buffer.from(text) },
      { name: "meter.csv", mimeType: "text/csv", buffer: Buffer.from(`time_ms,watts\n${rows.join("\n")}\n`) },
    ]);
    const report = page.frameLocator("iframe");
    await expect.poll(() => status.textContent(), { timeout: 30_000 }).toMatch(/^(Per inference, B needs|Not measured: )/);
    expect(await report.locator("h1").textContent()).toBe(await status.textContent());
    // on a busy machine the latencies within a block may differ too much to count
    expect(await report.locator("svg .zone:is(.A, .B, .lost)").count()).toBe(20);
    expect(await page.getByRole("link", { name: "Save energy.json" }).count()).toBe(1);

    await page.getByLabel("Files").setInputFiles([{ name: "x.csv", mimeType: "text/csv", buffer: Buffer.from("hello") }]);
    await expect.poll(() => status.textContent()).toMatch(/E_FORMAT the table has no head/);
    expect(complaints.filter((text) => !/wake lock/i.test(text))).toEqual([]);
    await context.close();
  }, 180_000);

  it("serves what it has, and nothing else", async () => {
    const statusOf = async (path: string, init?: RequestInit) => (await fetch(new URL(path, url), init)).status;
    expect(await statusOf("dist/index.js")).toBe(200);
    for (const path of [
      "dist/../package.json",
      "dist/%2e%2e/package.json",
      "dist/types/energy/index.d.ts",
      "models/D",
      "models/C",
      "etc/passwd",
      "energy.json",
    ])
      expect(await statusOf(path), path).toBe(404);
    expect(await statusOf("offer.json", { method: "PUT" })).toBe(405);
    const answer = await fetch(new URL("marks.json", url), { method: "POST", body: "{}" });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/^E_FORMAT the format of the marks is/)]);
    expect((await fetch(url)).headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  });
});
