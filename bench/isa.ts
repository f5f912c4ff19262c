/**
 * The machine code that the shaders become on AMD's GPUs, as Mesa's compiler makes it; no GPU is needed, and nothing is timed. For each layer: the
 * dispatches that its lowering gives, through the machine-code tool, weighed by how often their loops run at that shape.
 */
import { InputError } from "swivel-nn";
import { type DispatchDescription, webgpuDispatches } from "swivel-nn/training";
import type { Bench } from "./bench.ts";
import { everyShader } from "./isa/every_shader.ts";
import { bars, type JudgedRow, judge } from "./isa/judge.ts";
import { graphOf, type Layer, layers, shapeOf } from "./isa/layers.ts";
import { adapterName } from "./isa/passes.ts";
import { rowsOf } from "./isa/row.ts";
import { findTool, gpus } from "./isa/tool.ts";
import { columns } from "./table.ts";

/** Compilers that run at a time. */
const AT_ONCE = 2;

export async function benchIsa(args: readonly string[]): Promise<Bench> {
  const { layer, tool: given } = readArgs(args);
  const tool = { file: findTool(given), driver: await adapterName() };
  const asked = layer ? [layer] : layers;
  const jobs: { dispatch: DispatchDescription; shape: string }[] = [];
  const missing = new Map<string, string>();
  for (const one of asked) {
    const { dispatches, unsupported } = webgpuDispatches(graphOf(one), { precision: one.precision ?? "f32" });
    jobs.push(...dispatches.map((dispatch) => ({ dispatch, shape: shapeOf(one) })));
    for (const { op, why } of unsupported) missing.set(op, why);
  }
  if (!layer) {
    const others = await everyShader(jobs.map(({ dispatch }) => dispatch));
    jobs.push(...others.jobs);
    for (const [op, why] of others.missing) missing.set(op, why);
  }
  const failed: { shader: string; shape: string; error: Error }[] = [];
  const found = await inTurn(jobs, async ({ dispatch, shape }) => {
    try {
      return (await rowsOf(tool, dispatch, shape)).map((row) => ({ ...row, macs: dispatch.macs }));
    } catch (error) {
      failed.push({ shader: dispatch.shader.name, shape, error: error as Error });
      return [];
    }
  });
  // a shader may be at fault; where none compiles, it is the tool
  if (failed.length > 0 && failed.length === jobs.length) throw failed[0]?.error;
  const rows = judge(found.flat());
  const unsupported = [...missing].map(([op, why]) => ({ op, why }));
  const failures = failed.map(({ shader, shape, error }) => ({ shader, shape, why: error.message }));
  const text = [
    table(rows, layer !== undefined),
    ...summary(rows),
    `passes counted on ${tool.driver}`,
    ...unsupported.map(({ why }) => why),
    ...failures.map(({ shader, shape, why }) => `✗ ${shader}, ${shape}: ${why}`),
  ].join("\n");
  return { value: { driver: tool.driver, bars, unsupported, failures, rows }, text };
}

/** `--op conv2d --x 1,13,32,32 --w 13,13,3,3 [--stride 2] [--precision f16] [--tool FILE]`; without `--op` all layers. */
function readArgs(args: readonly string[]): { layer?: Layer; tool?: string } {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 2) {
    const [name = "", value] = args.slice(i, i + 2);
    if (!/^--[a-z_]+\w*$/.test(name) || value === undefined) {
      throw new InputError(
        "E_OPTION",
        `${name} ${value ?? ""}: give --name value, such as --op conv2d --x 1,13,32,32 --w 13,13,3,3 --stride 2`,
      );
    }
    given.set(name.slice(2), value);
  }
  const take = (name: string): string | undefined => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };
  const [op, tool, precision = "f32"] = [take("op"), take("tool"), take("precision")];
  if (precision !== "f32" && precision !== "f16") throw new InputError("E_OPTION", `--precision ${precision}: choose f32 or f16`);
  if (op === undefined) {
    const [other] = given.keys();
    if (other !== undefined) throw new InputError("E_OPTION", `--${other} belongs to one layer: name its op too, as in --op conv2d`);
    return { tool };
  }
  return { tool, layer: layerOf(op, given, precision) };
}

/** Lists of four numbers for windows may be given as one. */
const REPEATED: Readonly<Record<string, number>> = { stride: 2, dilation: 2, kernel: 2, padding: 4 };
/** Lists that are attributes, not shapes. */
const LISTS = ["gather", "scatter", "size", "sizes", "index"];

function layerOf(op: string, given: ReadonlyMap<string, string>, precision: "f32" | "f16"): Layer {
  const inputs: Record<string, number[]> = {};
  const attrs: Record<string, number | string | number[]> = {};
  for (const [name, text] of given) {
    const numbers = text.split(",").map(Number);
    const repeat = REPEATED[name];
    if (numbers.some(Number.isNaN)) attrs[name] = text;
    else if (repeat !== undefined) attrs[name] = numbers.length === 1 ? new Array<number>(repeat).fill(numbers[0] as number) : numbers;
    else if (LISTS.includes(name)) attrs[name] = numbers;
    else if (["groups", "channels"].includes(name)) attrs[name] = numbers[0] as number;
    else inputs[name] = numbers;
  }
  const kernel = inputs.w?.[2];
  if (kernel !== undefined && attrs.padding === undefined) attrs.padding = new Array<number>(4).fill(Math.floor(kernel / 2));
  return { op, inputs, attrs, precision };
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** A line for each dispatch, with both GPUs side by side; of those without arithmetic only what misses a bar, unless `all`. */
function table(rows: readonly JudgedRow[], all: boolean): string {
  const head = ["op", "shape", "shader", "FMA/VALU", "FMA/load", "runs", "FMA share", "useful", "cost of 16", "spilled", "waves", ""];
  const lines = [];
  for (let i = 0; i < rows.length; i += gpus.length) {
    const group = rows.slice(i, i + gpus.length);
    if (!all && group.every(({ fmaPerValu, misses }) => fmaPerValu === null && misses.length === 0)) continue;
    const [{ op, shape, shader, note, judged }] = group as [JudgedRow];
    // rounded to the side of the bar that it is on
    const both = (value: (row: JudgedRow) => number | null, digits: number, round: (value: number) => number = Math.floor) => {
      const numbers = group.map(value);
      if (numbers.every((number) => number === null)) return "";
      return numbers.map((number) => (number === null ? "–" : (round(number * 10 ** digits) / 10 ** digits).toFixed(digits))).join(" ");
    };
    const misses = [...new Set(group.flatMap((row) => row.misses))];
    const verdict = note ?? (misses.length > 0 ? `✗ ${misses.join(", ")}` : judged ? "✓" : "");
    lines.push([
      ...[op, shape, shader],
      both((row) => row.fmaPerValu, 2),
      both((row) => row.fmaPerLoad, 1),
      both((row) => row.runs, 0),
      both((row) => row.fmaShare, 2),
      both((row) => row.usefulShare, 2),
      both((row) => row.costOf16, 2, Math.ceil),
      both((row) => row.spilled, 0),
      both((row) => row.waves, 0),
      verdict,
    ]);
  }
  return columns([head, ...lines], 3);
}

function summary(rows: readonly JudgedRow[]): string[] {
  const judged = rows.filter((row) => row.judged);
  const worst = (["fmaPerValu", "fmaPerLoad", "fmaShare"] as const).flatMap((name) => {
    const [least] = judged.filter((row) => row[name] !== null).sort((a, b) => (a[name] as number) - (b[name] as number));
    return least
      ? [
          `worst ${name}: ${(Math.floor(100 * (least[name] as number)) / 100).toFixed(2)} (at least ${bars[name]}): ${least.op} ${least.shape}, ${least.shader}, ${least.gpu}`,
        ]
      : [];
  });
  const spilled = rows.filter((row) => row.spilled > 0);
  return [
    `two figures a cell: ${gpus.join(", ")}; ✓ ✗: the bars apply (convolutions of 1×1 and 3×3 from 16 channels, products from 64 on every side)`,
    ...worst,
    `spilled registers: ${[...new Set(spilled.map(({ shader }) => shader))].join(", ") || "none"}, in ${rows.length} rows of ${new Set(rows.map(({ shader }) => shader)).size} shaders`,
    `rows that miss a bar: ${rows.filter((row) => row.misses.length > 0).length}`,
  ];
}
