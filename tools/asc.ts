/** Compiles AssemblyScript the way that all of `assembly/` wants it, and checks what the optimiser made of the multiply-adds. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

export type Simd = "relaxed" | "baseline";

export interface CompileOptions {
  /** Import a shared memory (the kernels), or have one page of its own. */
  readonly memory: "shared" | "own";
  /** Sources that are not on disk, or stand for those that are: path from the repository's root → text. */
  readonly sources?: Readonly<Record<string, string>>;
  /** -O3 nests each accumulator's multiply-adds into one chain of dependent instructions. */
  readonly optimize?: "-O1" | "-O3";
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Compiles `entry`, a path from the repository's root. */
export async function compileAssembly(entry: string, simd: Simd, options: CompileOptions): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const argv = [
    entry,
    "--outFile=module.wasm",
    options.optimize ?? "-O1",
    "--shrinkLevel=0",
    // smaller, with multiply-adds and their order as they were
    "--runPasses=optimize-instructions,rse,vacuum",
    "--noAssert",
    "--runtime=stub",
    ...(options.memory === "shared" ? ["--importMemory", "--sharedMemory"] : []),
    "--initialMemory=1",
    "--maximumMemory=65536",
    "--enable=threads",
    "--enable=simd",
    ...(simd === "relaxed" ? ["--enable=relaxed-simd"] : []),
  ];
  const { error, stderr } = await asc.main(argv, {
    // asc names files relative to its working directory, or, for its library, absolutely
    readFile: (name: string) => options.sources?.[name.replaceAll("\\", "/")] ?? readFile(join(root, name), "utf8").catch(() => null),
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (name.endsWith(".wasm")) binary = contents as Uint8Array<ArrayBuffer>;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`AssemblyScript: ${error?.message ?? "no output"}\n${stderr.toString()}`);
  return binary;
}

/** In the binary format: f32x4.relaxed_madd, and the instructions that move locals. */
const MADD = [0xfd, 0x85, 0x02];
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;

/**
 * How many accumulators of a module go through several relaxed multiply-adds in one expression, `c = a₁ · b₁ + (a₀ · b₀ + c)`: instructions that
 * wait for each other. In stack code the addend is what was computed last, so this reads: get c, multiply-add, multiply-add, …, set c.
 */
export function chainedMadds(binary: Uint8Array): number {
  const isMadd = (at: number): boolean => MADD.every((byte, i) => binary[at + i] === byte);
  /** The end of a local's index, which is a LEB128 number. */
  const indexEnd = (at: number): number => {
    let end = at;
    while ((binary[end] ?? 0) >= 0x80) end++;
    return end + 1;
  };
  let chains = 0;
  for (let at = 0; at < binary.length; at++) {
    if (binary[at] !== LOCAL_GET) continue;
    const local = binary.subarray(at + 1, indexEnd(at + 1));
    let next = at + 1 + local.length;
    let length = 0;
    while (isMadd(next)) {
      next += MADD.length;
      length++;
      if (binary[next] === LOCAL_TEE && isMadd(indexEnd(next + 1))) next = indexEnd(next + 1);
    }
    const stores = binary[next] === LOCAL_SET || binary[next] === LOCAL_TEE;
    if (length > 1 && stores && local.every((byte, i) => binary[next + 1 + i] === byte)) chains++;
  }
  return chains;
}
