/** Programs of the system that print readings (Node only, but for the interface). */

export interface Commands {
  /** Runs to the end; undefined where there is no such program. */
  run(
    program: string,
    args: readonly string[],
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string } | undefined>;
  /** Starts and gives its lines as they come; null after the last. */
  stream(program: string, args: readonly string[]): LineStream;
}

/** The lines that a program prints, one at a time; null at its end. */
export interface LineStream {
  next(): Promise<string | null>;
  stop(): void;
}

/** A program that only looks takes no longer. */
const TIMEOUT_MS = 10_000;

export async function nodeCommands(): Promise<Commands> {
  const { execFile, spawn } = await import("node:child_process");
  const { createInterface } = await import("node:readline");
  return {
    run: (program, args) =>
      new Promise((resolve) => {
        execFile(program, [...args], { timeout: TIMEOUT_MS, encoding: "utf8" }, (error, stdout, stderr) => {
          const code = (error as { code?: unknown } | null)?.code;
          if (code === "ENOENT" || code === "EACCES") resolve(undefined);
          else resolve({ code: error ? (typeof code === "number" ? code : null) : 0, stdout, stderr });
        });
      }),
    stream(program, args) {
      const child = spawn(program, [...args], { stdio: ["ignore", "pipe", "ignore"] });
      child.on("error", () => {});
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return {
        next: async () => {
          const { value, done } = await lines.next();
          return done ? null : (value as string);
        },
        stop: () => void child.kill(),
      };
    },
  };
}
