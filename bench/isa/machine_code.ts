/** Reads AMD machine code as Mesa prints it: its loops, how they nest, and how many instructions of each kind stand in each. */

export interface Tally {
  /** Multiply-adds of single lanes: one of a dual or plain instruction, two of a packed one. */
  readonly fma: number;
  /** Every instruction; two in a line of dual issue. */
  readonly all: number;
}

export interface Loop extends Tally {
  /** Index of the loop around it; −1: none. */
  readonly parent: number;
  /** Instructions outside the loops within it. `fma` and `all` count those too. */
  readonly own: Tally;
  /** The lines that `own` counts, in order. */
  readonly lines: readonly string[];
  /** Lines, those of loops within it too. */
  readonly size: number;
}

export interface MachineCode {
  /** In the order of their heads. */
  readonly loops: readonly Loop[];
  /** Outside every loop. */
  readonly straight: Tally;
  /** Lanes of a wave. */
  readonly lanes: 32 | 64;
  /** The loop with the most multiply-adds among those that hold no other; −1 where none has any. */
  readonly hot: number;
}

interface Block {
  readonly name: string;
  readonly lines: string[];
}

/** `text`: blocks that start with `BB12:`, one instruction a line, comments after `;`. */
export function parseMachineCode(text: string): MachineCode {
  const blocks = blocksOf(text);
  const index = new Map(blocks.map(({ name }, i) => [name, i]));
  // a branch backwards closes a loop; `continue` gives a loop several of them
  const ends = new Map<number, number>();
  blocks.forEach(({ lines }, from) => {
    for (const line of lines) {
      const to = index.get(/^s_c?branch\w*\s+(BB\d+)/.exec(line)?.[1] ?? "");
      if (to !== undefined && to <= from) ends.set(to, Math.max(from, ends.get(to) ?? 0));
    }
  });
  const ranges = [...ends].sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const parents = ranges.map(([head, end], i) => ranges.findLastIndex(([a, b], j) => j < i && a <= head && end <= b));
  /** Block → the innermost loop around it. */
  const innermost = blocks.map((_, block) => ranges.findLastIndex(([head, end]) => head <= block && block <= end));
  const linesOf = (loop: number) => blocks.flatMap(({ lines }, block) => (innermost[block] === loop ? lines : []));
  const loops = ranges.map(([head, end], i): Loop => {
    const lines = linesOf(i);
    const whole = blocks.slice(head, end + 1).flatMap((block) => block.lines);
    return { ...tally(whole), parent: parents[i] as number, own: tally(lines), lines, size: whole.length };
  });
  const inner = loops.map((loop, i) => (parents.includes(i) ? -1 : loop.fma));
  const most = Math.max(0, ...inner);
  // masks of lanes are halves of register pairs, and instructions go two by two, only where there are 32
  const lanes = /\b(?:exec_lo|vcc_lo|v_dual_\w+)\b/.test(text) && !/\b(?:exec|vcc)\b/.test(text) ? 32 : 64;
  return { loops, straight: tally(linesOf(-1)), lanes, hot: most === 0 ? -1 : inner.indexOf(most) };
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    const name = /^(BB\d+):/.exec(line)?.[1];
    if (name !== undefined) blocks.push({ name, lines: [] });
    else if (line !== "" && !line.startsWith(";")) blocks.at(-1)?.lines.push(line);
  }
  return blocks;
}

function tally(lines: readonly string[]): Tally {
  const dual = lines.filter((line) => line.includes(" :: ")).length;
  return { fma: lines.reduce((sum, line) => sum + multiplyAdds(line), 0), all: lines.length + dual };
}

/** A dual-issue line holds two instructions. */
function multiplyAdds(line: string): number {
  const single = line.match(/\bv_(?:dual_)?(?:fma|fmac|fmaak|fmamk|mac|mad)_(?:legacy_)?f(?:16|32)\w*/g)?.length ?? 0;
  const packed = line.match(/\bv_pk_(?:fma|fmac)_f16\w*/g)?.length ?? 0;
  const mixed = line.match(/\bv_(?:fma|mad)_mix\w*/g)?.length ?? 0;
  return single + 2 * packed + mixed;
}
