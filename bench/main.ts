/** `npm run bench -- NAME [--json]`: benchmarks against the multiply-add peak and against peers, always interleaved. */
import { availableParallelism, cpus } from "node:os";
import type { Bench } from "./bench.ts";
import { benchTrain } from "./train.ts";

const benches: Readonly<Record<string, { readonly what: string; run(): Promise<Bench> }>> = {
  train: { what: "a training step of small-cnn, as a share of the multiply-add peak", run: benchTrain },
};

const [name = "", ...flags] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
const unknown = flags.find((flag) => flag !== "--json");
if (!bench || unknown !== undefined) {
  const list = Object.entries(benches).map(([key, { what }]) => `  ${key}   ${what}`);
  console.error(
    `${unknown === undefined ? `no benchmark "${name}"` : `no option ${unknown}`}; npm run bench -- NAME [--json]\n${list.join("\n")}`,
  );
  process.exit(2);
}
const { value, text } = await bench.run();
const machine = {
  cpu: cpus()[0]?.model.trim() ?? "unknown processor",
  cores: availableParallelism(),
  engine: `Node ${process.version}, V8 ${process.versions.v8}`,
  date: new Date().toISOString().slice(0, 10),
};
const place = `${machine.cpu}, ${machine.cores} cores; ${machine.engine}; ${machine.date}`;
console.log(flags.includes("--json") ? JSON.stringify({ machine, ...value }, null, 2) : `${text}\n${place}`);
