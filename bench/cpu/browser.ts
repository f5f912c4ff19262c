/** Runs jobs in Chromium, each in a page of its own: peers fix their number of threads when they start, and nothing is left over from the last one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileAssembly, type Simd } from "../../tools/asc.ts";
import { launchChromium, serve } from "../../tools/browser.ts";
import type { Place } from "../pages/cpu.ts";
import { writeSite } from "../site.ts";
import type { Job, JobRecord } from "./jobs.ts";

export interface Pages {
  /** Where scripts and the loop's modules are; what jobs fetch goes there too. */
  readonly folder: string;
  readonly browser: string;
  run<J extends Job>(job: J, place?: Place): Promise<JobRecord<J>>;
}

/** `folder`: below build/. Progress goes to stderr. */
export async function withPages<T>(folder: string, use: (pages: Pages) => Promise<T>): Promise<T> {
  const files = { "cpu.html": "index.html" };
  const dir = await writeSite({ folder, files, scripts: ["cpu", "cpu_worker", "spin_worker"], backend: "wasm" });
  for (const simd of ["relaxed", "baseline"] satisfies Simd[])
    writeFileSync(join(dir, `peak.${simd}.wasm`), await compileAssembly("assembly/bench/peak.ts", simd, { memory: "own" }));
  const server = await serve(dir, { isolated: true });
  const browser = await launchChromium();
  const run = async <J extends Job>(job: J, place: Place = "worker"): Promise<JobRecord<J>> => {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    page.on("console", (message) => message.type() === "info" && process.stderr.write(`${message.text()}\n`));
    try {
      await page.goto(`${server.url}/`);
      await page.waitForFunction(() => window.measure !== undefined, undefined, { timeout: 60_000 });
      return (await page.evaluate(([job, place]) => window.measure(job, place), [job, place] as const)) as JobRecord<J>;
    } finally {
      await page.close();
    }
  };
  try {
    return await use({ folder: dir, browser: `Chromium ${browser.version()}`, run });
  } finally {
    await browser.close();
    await server.close();
  }
}
