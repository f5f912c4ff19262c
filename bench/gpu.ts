/**
 * Swivel, onnxruntime-web and TensorFlow.js on WebGPU, interleaved in one page. By default in the Chromium that the tests use, on its software adapter;
 * `--serve` leaves the page open for a person with a GPU, who presses its button and downloads the record.
 */
import { InputError } from "swivel-nn";
import { launchChromium, serve } from "../tools/browser.ts";
import type { Bench } from "./bench.ts";
import type { GpuRecord, GpuRow } from "./pages/gpu.ts";
import { comparedNetworks } from "./peers/networks.ts";
import { writeNetworks, writeSite } from "./site.ts";
import { columns } from "./table.ts";

/** Samples of each engine, on software adapters that take seconds for MobileNetV2. */
const ROUNDS = 12;

export async function benchGpu(args: readonly string[]): Promise<Bench> {
  const { networks, rounds, staysOpen } = readArgs(args);
  const files = { "gpu.html": "index.html", "gpu.css": "gpu.css" };
  const folder = await writeSite({ folder: "bench-gpu", files, scripts: ["gpu"], backend: "webgpu" });
  await writeNetworks(folder, comparedNetworks, networks);
  const server = await serve(folder, { isolated: true });
  if (staysOpen) {
    console.error(`${server.url}/ until Ctrl-C; the folder build/bench-gpu is static and works from any https address`);
    await new Promise(() => {});
  }
  const browser = await launchChromium({ webgpu: true });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${server.url}/`);
    await page.waitForSelector("#run:enabled", { timeout: 60_000 }).catch(() => {
      throw new Error(`the page found no adapter: ${errors.join("; ")}`);
    });
    const record = (await page.evaluate((options) => window.measureAll(options), { networks, rounds })) as GpuRecord;
    return { value: { ...record }, text: tableOf(record) };
  } finally {
    await browser.close();
    await server.close();
  }
}

function readArgs(args: readonly string[]) {
  let networks = Object.keys(comparedNetworks);
  let rounds = ROUNDS;
  let staysOpen = false;
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--serve") staysOpen = true;
    else if (args[i] === "--networks") networks = (args[++i] ?? "").split(",");
    else if (args[i] === "--rounds") rounds = Number(args[++i]);
    else throw new InputError("E_OPTION", `no option ${args[i]}; gpu takes --networks ${networks.join(",")} --rounds N --serve`);
  }
  const unknown = networks.find((name) => !Object.hasOwn(comparedNetworks, name));
  if (unknown !== undefined)
    throw new InputError("E_OPTION", `no network "${unknown}"; there are ${Object.keys(comparedNetworks).join(", ")}`);
  if (!Number.isInteger(rounds) || rounds < 2) throw new InputError("E_OPTION", `--rounds is ${rounds}; give an integer of 2 or more`);
  return { networks, rounds, staysOpen };
}

function tableOf({ rows, adapter, versions }: GpuRecord): string {
  const peers = ["onnxruntime-web", "tensorflow.js"];
  const head = ["network", "swivel ms", ...peers.flatMap((peer) => [`${peer} ms`, "factor", "95 %"])];
  const lines = rows.map((row) => [
    row.network,
    milliseconds(row, "swivel"),
    ...peers.flatMap((peer) => [milliseconds(row, peer), ...factor(row, peer)]),
  ]);
  const wrong = rows.flatMap(({ network, disagrees = [], difference = {} }) =>
    disagrees.map(
      (engine) =>
        `* ${network}: ${engine} gives other outputs, ${difference[engine]?.toPrecision(2)} of the largest away from WebAssembly's`,
    ),
  );
  const failures = rows.flatMap(({ network, failed }) =>
    Object.entries(failed).map(([engine, why]) => `${network}: ${engine} failed: ${why}`),
  );
  const what = `${adapter.name}${adapter.software ? " (a software adapter)" : ""}; onnxruntime-web ${versions["onnxruntime-web"]}, tensorflow.js ${versions["tensorflow.js"]}`;
  return [columns([head, ...lines], 1), ...failures, ...wrong, what].join("\n");
}

const milliseconds = ({ ms, disagrees }: GpuRow, engine: string): string =>
  `${ms?.[engine]?.toPrecision(3) ?? "—"}${disagrees?.includes(engine) ? "*" : ""}`;

function factor({ ratios }: GpuRow, peer: string): [string, string] {
  const ratio = ratios?.[peer];
  return ratio ? [`${ratio.value.toFixed(2)}×`, `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`] : ["—", ""];
}
