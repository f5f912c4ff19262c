/** Joules by the command, from a tree of counters that follows the processor time of the command itself. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { makeRecord } from "../../energy/make.ts";
import { writeModel } from "../../src/model/model.ts";
import { Random } from "../../src/random.ts";
import { Net } from "../../training/net.ts";
import { counter, live, marksOfLife, see, settings, truth } from "../energy/simulate.ts";
import { bytesOf, expectRefusal, folder, json, put, swivel } from "./run.ts";

const ZONE = "class/powercap/intel-rapl:0";
const RANGE = 65_000_000;
const IDLE_WATTS = 5;
const BUSY_WATTS = 20;

function network(name: string, width: number): string {
  const { graph, init } = new Net({ channels: 1, height: 28, width: 28 }).conv(width, 3).relu().flatten().linear(10).build();
  writeFileSync(join(folder, name), writeModel({ graph, tensors: init(new Random(1)) }));
  return name;
}

const tree = (name: string) =>
  put(
    name,
    Object.fromEntries(
      Object.entries({ name: "package-0", energy_uj: "1000", max_energy_range_uj: String(RANGE) }).map(([file, text]) => [
        `${ZONE}/${file}`,
        Buffer.from(text),
      ]),
    ),
  );

const lifeOf = (seed: number) => live(truth(seed, 0.1), settings({ seed }));
const marksOf = (seed: number) => marksOfLife(lifeOf(seed));
const readingsOf = (seed: number) => {
  const { source, samples } = see(lifeOf(seed), counter, seed);
  return [source, samples] as const;
};

/** Ticks of a hundredth of a second; 0 where there is no such process, or no /proc. */
function ticksOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

let timer: NodeJS.Timeout | undefined;
afterEach(() => clearInterval(timer));

/** Lets the counter count what the process does, and go round. */
function drive(root: string, pid: () => number | undefined): void {
  const start = performance.now();
  const file = join(root, ZONE, "energy_uj");
  timer = setInterval(() => {
    const joules = (IDLE_WATTS * (performance.now() - start)) / 1000 + (BUSY_WATTS * ticksOf(pid())) / 100;
    writeFileSync(`${file}.new`, `${Math.floor(1e6 * joules) % RANGE}\n`);
    renameSync(`${file}.new`, file);
  }, 5);
}

const SHORT = ["--window", "0.5", "--settle", "0.1", "--idle", "1", "--warmup", "2", "--threads", "1", "--backend", "wasm"];

describe("swivel energy run", () => {
  it("measures, writes a sound record and a page, and plans from its noise", async () => {
    const root = tree("sys");
    let pid: number | undefined;
    drive(root, () => pid);
    const models = [network("a.safetensors", 48), network("b.safetensors", 4)];
    const args = ["energy", "run", ...models, "--sysfs", root, "--pairs", "10", "--null-pairs", "0", "--limit", "20", ...SHORT];
    const ran = await swivel([...args, "--json"], {
      onStderr(_, child) {
        pid = child.pid;
      },
    });
    expect(ran.stderr).toMatch(/by rapl:package-0: /);
    expect(ran.code, ran.stderr).toBe(0);
    const { result, files, windows } = JSON.parse(ran.stdout);
    expect(windows).toBe(20);
    const [saving] = result.comparisons;
    expect(saving.of).toEqual(["A", "B"]);
    // whatever else this machine was busy with: a claim of less goes with an interval below 1, and with nothing else
    expect(/less energy than A/.test(result.verdict)).toBe(result.status === "measured" && (saving.gross.high < 1 || saving.net.high < 1));
    if (result.status === "measured") expect(result.arms.map(({ arm }: { arm: string }) => arm)).toEqual(["A", "B"]);
    expect(saving.blocks + saving.rejected.length).toBe(5);
    expect(bytesOf("energy.html").toString()).toContain("<svg");
    const record = JSON.parse(bytesOf(files.record).toString());
    expect(record.samples.t.length).toBeGreaterThan(50);
    expect((await json(["energy", "check", "energy.json"])).sound).toBe(true);

    record.result.verdict = "Per inference, B needs nothing.";
    writeFileSync(join(folder, "forged.json"), JSON.stringify(record));
    expectRefusal(await swivel(["energy", "check", "forged.json"]), "E_FORMAT", /verdict is stated as/);
  });

  it("plans from the noise of a record", async () => {
    put(".", { "noisy.json": Buffer.from(JSON.stringify(makeRecord(marksOf(4), ...readingsOf(4)))) });
    const few = await json(["energy", "plan", "--expect", "0.5", "noisy.json"]);
    const many = await json(["energy", "plan", "noisy.json", "--expect", "0.01"]);
    expect(few.pairs).toBe(10);
    expect(many.pairs).toBeGreaterThan(20);
    expect(many.of.map(({ of }: { of: string }) => of)).toEqual(["gross", "net"]);
  });

  it("keeps what was measured when it is interrupted", async () => {
    const root = tree("sys2");
    drive(root, () => undefined);
    const models = [network("a.safetensors", 8), network("b.safetensors", 4)];
    const out = put("stopped", { x: Buffer.from("") });
    let seen = false;
    const ran = await swivel(["energy", "run", ...models, "--sysfs", root, "--pairs", "10", "--null-pairs", "0", "--out", out, ...SHORT], {
      onStderr(text, child) {
        if (!seen && /Ctrl-C/.test(text)) {
          seen = true;
          setTimeout(() => child.kill("SIGINT"), 11_000);
        }
      },
    });
    expect(ran.code, ran.stderr).toBe(130);
    const record = JSON.parse(readFileSync(join(out, "energy.json"), "utf8"));
    expect(record.interrupted).toBe(true);
    expect(record.result).toMatchObject({
      status: "failed",
      verdict: expect.stringMatching(/^Not measured: it was stopped before its end/),
    });
    expect(ran.stdout).toMatch(/Not measured/);
  });
});

describe("refusals", () => {
  it("says what is missing where there is no counter", async () => {
    const models = [network("a.safetensors", 8), network("b.safetensors", 4)];
    const empty = put("empty", { x: Buffer.from("") });
    expectRefusal(
      await swivel(["energy", "run", ...models, "--sysfs", empty]),
      "E_SOURCE",
      /no energy counter that can be read/,
      /powercap/,
      /no battery/,
    );
    expectRefusal(await swivel(["energy", "run", ...models, "--sysfs", empty, "--source", "tachyon"]), "E_OPTION", /no source "tachyon"/);
    expectRefusal(await swivel(["energy", "run", ...models, "--pairs", "7"]), "E_OPTION", /pairs is 7/, /even number of 10 or more/);
    expectRefusal(await swivel(["energy", "run", ...models, "--mode", "rate", "--rate", "0"]), "E_OPTION", /rate is 0/);
    expectRefusal(await swivel(["energy", "plan", "nowhere.json", "--expect", "0.1"]), "E_NOT_FOUND", /nowhere.json/);
    put(".", {
      "wrong.json": Buffer.from('{"format":"swivel-energy","version":1}'),
      "newer.json": Buffer.from('{"format":"swivel-energy","version":2}'),
    });
    expectRefusal(await swivel(["energy", "check", "wrong.json"]), "E_FORMAT", /has no "tool"/);
    expectRefusal(await swivel(["energy", "check", "newer.json"]), "E_VERSION", /update Swivel/);
  });

  it("lists sources with their reasons", async () => {
    const { sources } = await json(["energy", "sources", "--sysfs", tree("sys3")]);
    expect(sources.find(({ id }: { id: string }) => id === "rapl:package-0")).toMatchObject({
      available: true,
      headline: true,
      auto: true,
      unit: "µJ",
    });
    expect(sources.find(({ id }: { id: string }) => id === "battery")).toMatchObject({
      available: false,
      reason: expect.stringContaining("no battery under"),
    });
    for (const source of sources) expect(source.available || source.reason.length > 0).toBe(true);
  });
});

describe("swivel energy import", () => {
  const life = live(truth(6, 0.2), settings({ seed: 6, pairs: 10, sync: true }), 100);
  const table = () => {
    const { samples } = see(life, { kind: "power", everyMs: 200, noise: 0.02, clock: { offsetMs: life.start, drift: 80e-6 } }, 6);
    return `Time(s),Power(W)\n${samples.t.map((t, i) => `${(t / 1000).toFixed(3)},${samples.values.all?.[i]?.toFixed(4)}`).join("\n")}\n`;
  };
  const files = () => put("import", { "marks.json": Buffer.from(JSON.stringify(marksOfLife(life))), "meter.csv": Buffer.from(table()) });

  it("lays a meter's table over the marks, and gives the same report", async () => {
    const dir = files();
    const args = ["energy", "import", "--marks", join(dir, "marks.json"), "--csv", join(dir, "meter.csv"), "--out", dir];
    const { result, clock } = await json([...args, "--battery-full"]);
    expect(result.problems).toEqual([]);
    expect(result.verdict).toMatch(/^Per inference, B needs .* less energy than A/);
    expect(clock.how).toBe("sync patterns");
    expect(Math.abs(clock.drift - 80e-6)).toBeLessThan(100e-6);
    expect((await json(["energy", "check", join(dir, "energy.json")])).sound).toBe(true);
    expectRefusal(await swivel(args), "E_MEASUREMENT", /meter.csv/, /--battery-full/);
  });

  it("refuses what is no recording, and says which file", async () => {
    const dir = files();
    const marks = ["energy", "import", "--marks", join(dir, "marks.json")];
    expectRefusal(await swivel(marks), "E_OPTION", /give one recording/);
    expectRefusal(await swivel([...marks, "--csv", "x", "--firefox", "y"]), "E_OPTION", /give one recording/);
    expectRefusal(await swivel([...marks, "--perfetto", join(dir, "meter.csv")]), "E_FORMAT", /no Perfetto trace/);
    expectRefusal(await swivel([...marks, "--firefox", join(dir, "meter.csv")]), "E_FORMAT", /no JSON/);
    expectRefusal(await swivel([...marks, "--csv", join(dir, "meter.csv"), "--column", "watts"]), "E_OPTION", /no ROLE=NAME/);
    expectRefusal(await swivel([...marks, "--battery", "19"]), "E_SOURCE", /did not show its battery/);
    expectRefusal(
      await swivel(["energy", "import", "--marks", join(dir, "meter.csv"), "--csv", join(dir, "meter.csv")]),
      "E_FORMAT",
      /no JSON/,
    );
  });
});

it("swivel inspect --energy says estimate wherever it gives a joule", async () => {
  const model = network("estimated.safetensors", 8);
  const { stdout } = await swivel(["inspect", model, "--energy"]);
  expect(stdout).toMatch(/^estimate +op +multiply-adds +moved +energy$/m);
  expect(stdout).toMatch(/^estimate, not measured: .*J per inference on the Wasm backend, by M. Horowitz.*ISSCC 2014/m);
  expect((await json(["inspect", model, "--energy"])).energy).toMatchObject({ kind: "estimate", backend: "wasm" });
  expect(await json(["inspect", model])).not.toHaveProperty("energy");
});
