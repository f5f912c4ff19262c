/** Gradients, losses and updates on WebGPU in real Chromium: cases of every op, and ten steps of PyTorch. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { bundleRuntime } from "../session/bundle.ts";
import type { Steps } from "../train/pytorch_steps.ts";
import type {} from "./webgpu_training_page.ts";

/** Node runs all cases; here every so many of each op. */
const STRIDE = 17;
const SLOW = 400_000;

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "gpu-training-"));
const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="page.js"></script>';
const fixtures = new URL("../fixtures/training/", import.meta.url);
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await bundleRuntime(dir, "test/browser/webgpu_training_page.ts");
  server = await serve(dir, { isolated: false, pages: { "/index.html": html } });
  browser = await launchChromium({ webgpu: true });
  page = await browser.newPage();
  page.setDefaultTimeout(SLOW);
  await page.goto(`${server.url}/`);
  await page.waitForFunction(() => window.training !== undefined);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

it(
  "cases of every op",
  async () => {
    const { count, failures } = await page.evaluate((stride) => window.training.cases(stride), STRIDE);
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(40);
  },
  SLOW,
);

it.each(["sgd", "adam"])(
  "ten steps of PyTorch: %s",
  async (kind) => {
    const steps = JSON.parse(readFileSync(new URL("steps.json", fixtures), "utf8")) as Steps;
    const { tensors } = readSafetensors(readFileSync(new URL("start.safetensors", fixtures)));
    const data = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.data]]));
    const failures = await page.evaluate(({ kind, steps, data }) => window.training.pytorch(kind, steps, data), { kind, steps, data });
    expect(failures).toEqual([]);
  },
  SLOW,
);
