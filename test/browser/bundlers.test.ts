/** An app that has installed the package, built by the bundlers that people use, and without one: its session and its trainer get workers and threads. */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import nodeResolve from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import type { Browser } from "playwright";
import { rollup } from "rollup";
import { build as vite, createServer as viteServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import { packModel } from "../../cli/pack.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { Random } from "../../training/index.ts";
import { createModel } from "../../training/models/index.ts";
import { installInto } from "../house/consumer.ts";
import { policy } from "./site.ts";

mkdirSync(join(root, "build"), { recursive: true });
// not below a folder with packages of ours: what the app imports must come from its own
const dir = mkdtempSync(join(root, "build", "app-"));
const dist = (name: string): string => `./node_modules/swivel-nn/dist/${name}.js`;
const script = (src: string): string =>
  `<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="${src}"></script>`;

/** The app asks for nothing but threads. `training` is how its own worker finds the package. */
const app = `import { Session } from "swivel-nn";
const trainer = new Worker(new URL("./trainer.js", import.meta.url), { type: "module" });
const training = new Promise((resolve, reject) => {
  trainer.onmessage = (event) => resolve(event.data);
  trainer.onerror = (event) => reject(new Error(event.message || "the trainer's script could not be loaded"));
});
const session = await Session.load("model.safetensors", { threads: 2 });
await session.warmup();
await session.run({ image: new Float32Array(3 * 32 * 32) });
globalThis.result = { session: session.explain(), training: await training };
`;
const trainer = (training: string): string => `import { Net, Random, Trainer, optimizers, wasmTrainingBackend } from "${training}";
async function train() {
  const net = new Net({ channels: 3, height: 32, width: 32 });
  const { graph, init } = net.conv(16, 3, { padding: 1 }).batchNorm().relu({ rotated: true }).flatten().linear(4).build();
  const images = new Float32Array(8 * 3 * 32 * 32).map((_, i) => Math.sin(i));
  const batch = { images, labels: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3), count: 8 };
  const trainer = await Trainer.create({
    model: { graph, tensors: init(new Random(1)) },
    data: { train: () => [batch, batch, batch], stepsPerEpoch: 3 },
    backend: await wasmTrainingBackend({ threads: 2 }),
    epochs: 2,
    optimizer: optimizers.sgd({ rate: 0.01 }),
  });
  await trainer.run();
  postMessage(trainer.explain());
}
void train();
`;

const workerEntries = { session_worker: join(dir, dist("session_worker")), wasm_thread: join(dir, dist("wasm_thread")) };
const own = { app: join(dir, "app.js"), trainer: join(dir, "trainer.js") };
const out = (name: string): string => join(dir, "out", name);

/** Each writes `out/<name>/` with an index.html, as its documentation has it, with what docs/deploying.md adds. */
const bundlers: Readonly<Record<string, (to: string) => Promise<unknown>>> = {
  async vite(to) {
    await vite({ root: dir, logLevel: "warn", configFile: false, base: "./", build: { outDir: to, target: "es2022" } });
  },
  async webpack(to) {
    await new Promise<void>((resolve, reject) => {
      webpack(
        {
          mode: "production",
          context: dir,
          entry: { app: own.app },
          output: { path: to },
          target: "web",
          devtool: false,
          performance: false,
        },
        (error, stats) => {
          const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
          const faults = [...errors, ...warnings].map(({ message, moduleName, loc }) => `${moduleName} ${loc}: ${message}`);
          if (error ?? faults.length > 0) reject(error ?? new Error(faults.join("\n")));
          else resolve();
        },
      );
    });
    writeFileSync(join(to, "index.html"), script("./app.js"));
  },
  async rollup(to) {
    const bundle = await rollup({ input: { ...own, ...workerEntries }, plugins: [nodeResolve({ browser: true })], external: /^node:/ });
    await bundle.write({ dir: to, format: "es" });
    await bundle.close();
    writeFileSync(join(to, "index.html"), script("./app.js"));
  },
  async esbuild(to) {
    await bundleByEsbuild(to, { ...own, ...workerEntries });
  },
  async "an import map"(to) {
    cpSync(join(dir, "node_modules"), join(to, "node_modules"), { recursive: true });
    copyFileSync(own.app, join(to, "app.js"));
    // import maps do not reach into workers
    writeFileSync(join(to, "trainer.js"), trainer(dist("training")));
    const imports = JSON.stringify({ imports: { "swivel-nn": dist("index") } });
    writeFileSync(join(to, "index.html"), `<script type="importmap">${imports}</script>${script("./app.js")}`);
  },
  async "no bundler at all"(to) {
    cpSync(join(dir, "node_modules"), join(to, "node_modules"), { recursive: true });
    writeFileSync(join(to, "app.js"), app.replace('"swivel-nn"', `"${dist("index")}"`));
    writeFileSync(join(to, "trainer.js"), trainer(dist("training")));
    writeFileSync(join(to, "index.html"), script("./app.js"));
  },
};

async function bundleByEsbuild(to: string, entryPoints: Record<string, string>): Promise<void> {
  await esbuild({ entryPoints, outdir: to, bundle: true, splitting: true, format: "esm", logLevel: "warning" });
  writeFileSync(join(to, "index.html"), script("./app.js"));
}

interface Explained {
  readonly threads: number;
  readonly threadsWhy: string;
  readonly worker?: boolean;
  readonly workerWhy?: string;
}
let browser: Browser;
let model: string;

beforeAll(async () => {
  await installInto(dir);
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  writeFileSync(join(dir, "app.js"), app);
  writeFileSync(join(dir, "trainer.js"), trainer("swivel-nn/training"));
  writeFileSync(join(dir, "index.html"), script("./app.js"));
  const { graph, init } = createModel("resnet20", { activation: "rrelu", input: { channels: 3, height: 32, width: 32 }, classes: 10 });
  model = join(dir, "model.safetensors");
  writeFileSync(model, packModel({ graph, tensors: init(new Random(1)) }));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What the app at this address says of its session and its trainer. Errors that nobody catches fail. */
async function visit(url: string): Promise<{ session: Explained; training: Explained }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  try {
    await page.goto(url);
    while (errors.length === 0 && !(await page.evaluate(() => "result" in globalThis)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(errors).toEqual([]);
    return await page.evaluate(() => (globalThis as unknown as { result: { session: Explained; training: Explained } }).result);
  } finally {
    await page.close();
  }
}

async function visitFolder(folder: string, headers?: Record<string, string>) {
  copyFileSync(model, join(folder, "model.safetensors"));
  const server: Server = await serve(folder, { isolated: true, headers });
  try {
    return await visit(`${server.url}/`);
  } finally {
    await server.close();
  }
}

describe.each(Object.entries(bundlers))("built by %s", (name, bundle) => {
  it("the session runs in a worker with threads, and the app's own worker trains with threads", async () => {
    const to = out(name.replaceAll(" ", "-"));
    mkdirSync(to, { recursive: true });
    await bundle(to);
    // the import map is a script in the page
    const strict = name === "an import map" ? undefined : { "Content-Security-Policy": policy };
    const { session, training } = await visitFolder(to, strict);
    expect(session).toMatchObject({ worker: true, threads: 2, threadsWhy: "2 threads were asked for" });
    expect(training).toMatchObject({ threads: 2, threadsWhy: "2 threads were asked for" });
  });
});

it("Vite's development server leaves the package as it is, where it is told to", async () => {
  const server = await viteServer({
    root: dir,
    logLevel: "warn",
    configFile: false,
    optimizeDeps: { exclude: ["swivel-nn"] },
    server: {
      host: "127.0.0.1",
      port: 0,
      headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    },
  });
  try {
    await server.listen();
    const { session, training } = await visit(server.resolvedUrls?.local[0] as string);
    expect(session).toMatchObject({ worker: true, threads: 2 });
    expect(training).toMatchObject({ threads: 2 });
  } finally {
    await server.close();
  }
});

it("a bundle without the workers' scripts runs the session in the page, and trains in one thread", async () => {
  const to = out("without");
  await bundleByEsbuild(to, own);
  const { session, training } = await visitFolder(to);
  expect(session).toMatchObject({ worker: false, threads: 1, workerWhy: expect.stringContaining("session_worker.js") });
  expect(training).toMatchObject({ threads: 1, threadsWhy: expect.stringContaining("wasm_thread.js") });
});
