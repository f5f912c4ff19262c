/**
 * `npm run matrix`: runs the Wasm backend's tests in every browser on this machine and prints what each can do; `-- --write` puts the table into README.
 * Fails where a test does.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binOf } from "./bin.ts";
import { root } from "./entries.ts";
import { isMain } from "./is_main.ts";

/** What tests leave in build/matrix/<browser>.json as they pass. */
export interface BrowserFacts {
  readonly browser: string;
  /** Of the day on which they ran. */
  readonly date: string;
  readonly version?: string;
  readonly simd?: readonly string[];
  /** Cases of ops, over all builds and levels. */
  readonly cases?: number;
  /** PyTorch's steps were taken. */
  readonly training?: boolean;
  /** Two threads gave the bits of one. */
  readonly threads?: boolean;
  /** A session ran in a worker without having been told to. */
  readonly worker?: boolean;
}

const files = ["session", "policy", "kernels"].map((name) => `test/browser/${name}.test.ts`);
const facts = join(root, "build", "matrix");
const [begin, end] = ["<!-- matrix: npm run matrix -- --write -->", "<!-- /matrix -->"];

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[]; readonly status: string }[];
  }[];
}

/** The table, from what the tests left and how they ended. */
export function matrixOf(browsers: readonly BrowserFacts[], { testResults }: Report): string {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const yes = (known: boolean | undefined): string => (known ? "yes" : "no");
  const rows = browsers.map(({ browser, version = "", simd = [], cases = 0, threads, worker, training }) => {
    const own = tests.filter(({ ancestorTitles }) => ancestorTitles[0] === `in ${browser}`);
    const passed = own.filter(({ status }) => status === "passed").length;
    const cells = [
      browser,
      version,
      simd.join(", "),
      yes(threads),
      yes(worker),
      cases.toLocaleString("en"),
      yes(training),
      `${passed} of ${own.length}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const head = [
    "browser",
    "version",
    "SIMD",
    "threads",
    "in a worker by default",
    "op cases passed",
    "trains as PyTorch does",
    "tests passed",
  ];
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows].join("\n");
}

if (isMain(import.meta.url)) {
  const output = join(root, "build", "matrix-results.json");
  rmSync(facts, { recursive: true, force: true });
  rmSync(output, { force: true });
  const args = [binOf("vitest", "vitest"), "run", ...files, "--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (!existsSync(output) || !existsSync(facts)) process.exit(status ?? 1);
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  const browsers = readdirSync(facts).map((file) => read(join(facts, file)) as BrowserFacts);
  const table = matrixOf(browsers, read(output) as Report);
  console.log(table);
  if (process.argv.includes("--write")) {
    const path = join(root, "README.md");
    const readme = readFileSync(path, "utf8");
    const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`README.md has no place for the table, between ${begin} and ${end}`);
    const date = browsers.map((browser) => browser.date).sort()[0];
    const text = `${begin}\n\n${table}\n\n<sub>As the tests found it on ${date}.</sub>\n\n`;
    writeFileSync(path, readme.slice(0, from) + text + readme.slice(to));
  }
  process.exitCode = status ?? 1;
}
