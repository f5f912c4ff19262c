/** `npm run bench -- NAME [--json] [--write]`: benchmarks against the multiply-add peak and against peers, always interleaved; and counts, which time nothing. */
import { availableParallelism, cpus } from "node:os";
import { SwivelError } from "swivel-nn";
import type { Bench } from "./bench.ts";
import { benchBuilds } from "./builds.ts";
import { benchCounting } from "./counting.ts";
import { benchCpu } from "./cpu.ts";
import { benchCuts } from "./cuts.ts";
import { benchDispatches } from "./dispatches.ts";
import { benchGpu } from "./gpu.ts";
import { benchIsa } from "./isa.ts";
import { benchLayers } from "./layers.ts";
import { writeBlock } from "./page.ts";
import { benchStart } from "./start.ts";
import { benchTrain } from "./train.ts";
import { benchWidths } from "./widths.ts";

interface Entry {
  readonly what: string;
  /** Whether it takes options of its own. */
  readonly options?: boolean;
  run(args: readonly string[]): Promise<Bench>;
}

const benches: Readonly<Record<string, Entry>> = {
  cpu: {
    what: "inference on the CPU beside onnxruntime-web and TensorFlow.js; [--networks a,b] [--batch 1,16] [--threads 1,2] [--simd relaxed,baseline] [--peers a,b|none] [--rounds N] [--place worker|window]",
    options: true,
    run: benchCpu,
  },
  train: {
    what: "a training step of ResNet-20 as a share of the multiply-add peak, beside jax-js and TensorFlow.js; [--network small-cnn] [--batch N] [--threads 1,2] [--simd S] [--peers a,b|none] [--rounds N] [--peer-batch N] [--peer-rounds N]",
    options: true,
    run: benchTrain,
  },
  start: {
    what: "from the bytes of ResNet-20 to the first result, beside onnxruntime-web; [--networks a,b] [--rounds N] [--place worker,window]",
    options: true,
    run: benchStart,
  },
  cuts: {
    what: "what published cuts save in time, beside what they save in multiply-adds; [--networks a,b] [--simd S] [--rounds N]",
    options: true,
    run: benchCuts,
  },
  widths: {
    what: "what a multiply-add of a 3×3 convolution costs at widths from 3 to 67; [--widths a,b] [--sizes 32,8] [--simd S] [--rounds N]",
    options: true,
    run: benchWidths,
  },
  layers: {
    what: "the layers that other networks are made of, beside onnxruntime-web and TensorFlow.js on the CPU; [--layers a,b] [--simd S] [--peers a,b|none] [--rounds N]",
    options: true,
    run: benchLayers,
  },
  builds: {
    what: "another build of Swivel beside this one, what a change is worth; --other FOLDER [--networks a,b] [--threads N] [--simd S] [--rounds N]",
    options: true,
    run: benchBuilds,
  },
  counting: {
    what: "what 13 published networks save, as their authors count and as it is; [--networks a,b] [--measure]",
    options: true,
    run: benchCounting,
  },
  dispatches: { what: "dispatches and bytes of WebGPU, per inference and training step, beside onnxruntime-web's", run: benchDispatches },
  gpu: {
    what: "inference on WebGPU beside onnxruntime-web and TensorFlow.js; [--networks a,b] [--rounds N] [--serve]",
    options: true,
    run: benchGpu,
  },
  isa: {
    what: "the shaders' machine code on AMD's GPUs; [--op conv2d --x 1,13,32,32 --w 13,13,3,3 ...] [--tool FILE]",
    options: true,
    run: benchIsa,
  },
};

const [name = "", ...flags] = process.argv.slice(2);
const args = flags.filter((flag) => flag !== "--json" && flag !== "--write");
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
const unknown = bench?.options ? undefined : args[0];
if (!bench || unknown !== undefined) {
  const list = Object.entries(benches).map(([key, { what }]) => `  ${key}   ${what}`);
  console.error(
    `${unknown === undefined ? `no benchmark "${name}"` : `no option ${unknown}`}; npm run bench -- NAME [--json] [--write]\n${list.join("\n")}`,
  );
  process.exit(2);
}
const { value, text } = await bench.run(args).catch((error: Error) => {
  if (!(error instanceof SwivelError)) throw error;
  console.error(error.message);
  process.exit(1);
});
const machine = {
  cpu: cpus()[0]?.model.trim() ?? "unknown processor",
  cores: availableParallelism(),
  engine: `Node ${process.version}, V8 ${process.versions.v8}`,
  date: new Date().toISOString().slice(0, 10),
};
const place = `${machine.cpu}, ${machine.cores} cores; ${machine.engine}; ${machine.date}`;
if (flags.includes("--write")) writeBlock(["npm run bench --", name, ...args].join(" "), `${text}\n${place}`);
const report = flags.includes("--json") ? JSON.stringify({ machine, ...value }, null, 2) : `${text}\n${place}`;
// the threads of a WebGPU device would keep the process
process.stdout.write(`${report}\n`, () => process.exit(0));
