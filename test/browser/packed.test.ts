/** The end of the whole line: a network that was trained a little, cut, folded and packed gives the masked network's logits in a real browser. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packModel } from "../../cli/pack.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { batches, fashionSlice } from "../../training/data/index.ts";
import { createModel } from "../../training/models/index.ts";
import { sgd } from "../../training/optimizers.ts";
import { cut, mask, scoreChannels, select } from "../../training/prune/index.ts";
import { Random } from "../../training/random.ts";
import { Trainer } from "../../training/trainer.ts";
import { bundleRuntime } from "../session/bundle.ts";
import type {} from "./page.ts";

const IMAGES = 8;

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "packed-"));
const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="page.js"></script>';
let server: Server;
let browser: Browser;

beforeAll(async () => {
  await bundleRuntime(dir, "test/browser/page.ts");
  server = await serve(dir, { isolated: false, pages: { "/index.html": html } });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

it("a packed network gives the masked one's logits in Chromium", async () => {
  const data = await fashionSlice({ limit: { train: 700, test: IMAGES } });
  const net = createModel("small-cnn", { activation: "rrelu", input: data, classes: data.classNames.length });
  const backend = await wasmTrainingBackend({ threads: 1 });
  const trainer = await Trainer.create({
    model: { graph: net.graph, tensors: net.init(new Random(1)) },
    data,
    backend,
    steps: 20,
    batchSize: 32,
    optimizer: sgd({ rate: 0.05 }),
  });
  await trainer.run();
  const trained = await trainer.model();
  backend.dispose();

  const scores = await scoreChannels(trained.graph, trained.tensors, { criterion: "slope" });
  const { survivors } = select(trained.graph, trained.tensors, scores, { keepMacs: 0.5 });
  const { report, ...small } = cut(trained.graph, trained.tensors, survivors);
  expect(report.saved.macs).toBeGreaterThanOrEqual(0.5);
  writeFileSync(join(dir, "packed.safetensors"), packModel({ ...trained, ...small }));

  const [batch] = batches(data.test, data, { size: IMAGES });
  const images = [...(batch?.images ?? [])];
  const masked = mask(trained.graph, trained.tensors, survivors);
  const reference = await new ReferenceBackend().compile(masked.graph, { tensors: masked.tensors });
  const wanted = reference.runExact({ image: Float32Array.from(images) })[masked.graph.outputs[0] as string] as Float64Array;

  const page = await browser.newPage();
  await page.goto(`${server.url}/`);
  await page.waitForFunction(() => window.tools !== undefined);
  const { logits, classNames } = await page.evaluate(async (images) => {
    const session = await window.tools.Session.load("packed.safetensors");
    const outputs = await session.run({ image: Float32Array.from(images) });
    return { logits: [...(Object.values(outputs)[0] ?? [])], classNames: session.classNames };
  }, images);

  expect(classNames).toEqual(data.classNames);
  expect(logits).toHaveLength(IMAGES * data.classNames.length);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [i, value] of logits.entries()) expect(Math.abs(value - (wanted[i] as number)) / largest).toBeLessThan(1e-5);
});
