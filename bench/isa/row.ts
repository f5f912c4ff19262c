/** The figures of one dispatch on one GPU, from its machine code and from how often its loops run. */
import type { DispatchDescription } from "swivel-nn/training";
import { loopOf, markPasses, WAVE, workgroupElements, workgroupSize } from "./instrument.ts";
import { type MachineCode, parseMachineCode } from "./machine_code.ts";
import { type Passes, passesOf } from "./passes.ts";
import { compile, type Gpu, type Tool, type ToolRow } from "./tool.ts";

export interface IsaRow {
  readonly shader: string;
  readonly op: string;
  readonly shape: string;
  readonly gpu: Gpu;
  /** Of the hot loop: multiply-adds among its vector instructions, and for each of its local or global loads (null: it has none). */
  readonly fmaPerValu: number | null;
  readonly fmaPerLoad: number | null;
  /** Runs of the hot loop in a wave, on average. */
  readonly runs: number | null;
  /** runs · loopFMA / (runs · loopAll + everything else that a wave executes). */
  readonly fmaShare: number | null;
  /** Instructions of all waves. */
  readonly instructions: number | null;
  /** Lanes of a wave. */
  readonly lanes: 32 | 64;
  readonly spilled: number;
  /** Waves that fit on a SIMD at once. */
  readonly waves: number;
  readonly registers: number;
  /** Why shares are missing. */
  readonly note?: string;
}

/** One row for each GPU. */
export async function rowsOf(tool: Tool, dispatch: DispatchDescription, shape: string): Promise<IsaRow[]> {
  const { shader, constants, bindings, op, macs } = dispatch;
  const compiled = await compile(tool, shader.code, constants);
  const codes = compiled.map(({ text }) => parseMachineCode(text));
  const counted = macs > 0;
  const marked = markPasses(shader.code, bindings.length + 1);
  const looped = counted && codes.some(({ loops }) => loops.length > 0);
  const [marks, passes] = looped
    ? await Promise.all([compile(tool, marked.code, constants), passesOf(dispatch)])
    : [[], counted ? await passesOf(dispatch) : { waves: 0, passes: [] }];
  // before a shader starts, its workgroup memory is set to zero: a loop that its text does not have, shared by all invocations
  const invocations = workgroupSize(shader.code, constants);
  const clearing = passes.waves * Math.ceil(workgroupElements(shader.code, constants) / invocations);
  return compiled.map(({ row }, i) => {
    const code = codes[i] as MachineCode;
    const facts = {
      shader: shader.name,
      op,
      shape,
      gpu: row.gpu,
      spilled: row.spilled,
      waves: row["waves/SIMD"],
      registers: row.VGPRs,
      lanes: code.lanes,
    };
    // a dispatch that only adds up what others have multiplied has none
    const none = row["loop FMA"] === 0;
    const hot = { fmaPerValu: none ? null : row["loop FMA"] / row["loop VALU"], fmaPerLoad: none ? null : perLoad(row) };
    const nothing = { runs: null, fmaShare: null, instructions: null };
    if (!counted) return { ...facts, fmaPerValu: null, fmaPerLoad: null, ...nothing };
    const hotLoop = code.loops[code.hot];
    if (hotLoop && (hotLoop.size !== row["loop all"] || hotLoop.fma !== row["loop FMA"])) {
      throw new Error(`the tool's hot loop has ${row["loop all"]} lines, ours ${hotLoop.size}: both must mean the same loop`);
    }
    const loopPasses = passesOfLoops(code, looped ? parseMachineCode(marks[i]?.text ?? "") : undefined, passes, clearing);
    if (code.lanes < WAVE && invocations > code.lanes)
      return { ...facts, ...hot, ...nothing, note: `waves of ${code.lanes}: passes were counted for ${WAVE}` };
    if (typeof loopPasses === "string") return { ...facts, ...hot, ...nothing, note: loopPasses };
    return { ...facts, ...hot, ...shares(code, loopPasses, passes.waves) };
  });
}

function perLoad(row: ToolRow): number | null {
  const loads = row["loop LDS"] + row["loop global"];
  return loads === 0 ? null : row["loop FMA"] / loads;
}

function shares(code: MachineCode, passes: readonly number[], waves: number) {
  const instructions = waves * code.straight.all + code.loops.reduce((sum, { own }, i) => sum + own.all * (passes[i] as number), 0);
  const hot = code.loops[code.hot];
  // a shader without loops is its own hot loop
  const [fma, runs] = hot ? [hot.fma, passes[code.hot] as number] : [code.straight.fma, waves];
  return { runs: runs / waves, fmaShare: (runs * fma) / instructions, instructions };
}

/** Passes of each loop of the machine code, summed over waves; a word where its loops are not recognised. `clearing`: of loops that clear memory. */
function passesOfLoops(code: MachineCode, marked: MachineCode | undefined, { passes }: Passes, clearing: number): number[] | string {
  if (code.loops.length === 0) return [];
  const shape = (one: MachineCode | undefined) => one?.loops.map(({ parent }) => parent).join();
  if (!marked || shape(code) !== shape(marked)) return "the compiler made other loops of the marked shader";
  // the first mark is the loop's own; those after it are of loops within, written out
  const sources = marked.loops.map(({ lines }) => lines.map(loopOf).find((loop) => loop !== undefined));
  const clears = sources.map((source, i) => source === undefined && marked.loops[i]?.parent === -1 && marked.loops[i]?.fma === 0);
  if (sources.some((source, i) => source === undefined && (!clears[i] || clearing === 0))) {
    return "the compiler made a loop that the shader does not have";
  }
  return sources.map((source) =>
    source === undefined ? clearing : (passes[source] as number) / sources.filter((other) => other === source).length,
  );
}
