/** Dispatches and bytes of onnxruntime-web's WebGPU backend for one inference, in a real Chromium. */
import { join } from "node:path";
import { build as bundle } from "esbuild";
import type { Model } from "swivel-nn";
import { toOnnx } from "swivel-nn/onnx";
import { launchChromium, serve } from "../tools/browser.ts";
import { root } from "../tools/entries.ts";
import type { OrtRun } from "./pages/ort_dispatches.ts";

const LIBRARY = "/node_modules/onnxruntime-web/dist/ort.webgpu.min.mjs";
const PAGE = "/ort.html";

export interface OrtDispatch {
  /** The library's name for the program. */
  readonly shader: string;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface OrtDispatches {
  readonly adapter: string;
  readonly version: string;
  readonly dispatches: readonly OrtDispatch[];
}

/** The dispatches of one inference of each model at batch 1. Throws Error where the library's profile and the browser disagree on their number. */
export async function ortDispatches(networks: readonly Model[]): Promise<OrtDispatches[]> {
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: [join(import.meta.dirname, "pages", "ort_dispatches.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
  });
  const html = `<!doctype html><title>onnxruntime-web</title><link rel="icon" href="data:,"><script type="module">${outputFiles[0]?.text}</script>`;
  const server = await serve(root, { isolated: true, pages: { [PAGE]: html } });
  const browser = await launchChromium({ webgpu: true });
  try {
    const results: OrtDispatches[] = [];
    for (const model of networks) {
      const page = await browser.newPage();
      const lines: string[] = [];
      page.on("console", (message) => lines.push(message.text()));
      await page.goto(server.url + PAGE);
      const [input = ""] = model.graph.inputs;
      const shape = model.graph.values[input]?.shape.map((dim) => (dim === "N" ? 1 : dim)) ?? [];
      const file = Buffer.from(toOnnx(model)).toString("base64");
      const run = await page.evaluate(({ library, file, input, shape }) => window.countDispatches(library, file, input, shape), {
        library: LIBRARY,
        file,
        input,
        shape,
      });
      await page.close();
      results.push({ adapter: run.adapter, version: run.version, dispatches: withShapes(run, lines) });
    }
    return results;
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Joins what the browser saw with the shapes that the library's profile gives for each program, in units of the binding's elements. */
function withShapes({ dispatches }: OrtRun, lines: readonly string[]): OrtDispatch[] {
  const programs = lines
    .filter((line) => line.includes('"cat" : "Api"'))
    .map((line) => JSON.parse(line.replace(/,\s*$/, "")) as { name: string; args: { shapes: string } });
  const last = programs.slice(-dispatches.length);
  if (last.length !== dispatches.length || programs.length % dispatches.length !== 0) {
    throw new Error(
      `the browser counted ${dispatches.length} dispatches in a run, onnxruntime-web's profile has ${programs.length} programs in all runs`,
    );
  }
  return last.map(({ name, args }, i) => {
    const { read, written } = dispatches[i] as OrtRun["dispatches"][number];
    const bytes = (slot: string, elementBytes: readonly number[]): number => {
      const shapes = [...args.shapes.matchAll(new RegExp(`${slot}\\[\\d+\\] = \\{([\\d,]*)\\}`, "g"))].map(([, dims = ""]) =>
        dims.split(",").reduce((product, dim) => product * Number(dim), 1),
      );
      if (shapes.length !== elementBytes.length) {
        throw new Error(`${name}: the profile names ${shapes.length} ${slot}, the shader binds ${elementBytes.length}`);
      }
      return shapes.reduce((sum, elements, k) => sum + elements * (elementBytes[k] as number), 0);
    };
    return { shader: name.split("&").at(-1) ?? name, bytesRead: bytes("inputs", read), bytesWritten: bytes("outputs", written) };
  });
}
