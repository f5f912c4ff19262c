import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "../../tools/entries.ts";
import { runIfChanged, type Step, withLock } from "../../tools/stamp.ts";

const folder = "build/test-stamp";
const at = (name: string) => join(root, folder, name);

describe("runIfChanged", () => {
  let runs = 0;
  const step: Step = {
    name: "test-stamp",
    inputs: [`${folder}/in`, `${folder}/absent`],
    run: async () => {
      runs++;
      writeFileSync(at("out.txt"), "made");
      return [`${folder}/out.txt`];
    },
  };

  beforeEach(() => {
    runs = 0;
    mkdirSync(at("in"), { recursive: true });
    writeFileSync(at("in/a.txt"), "one");
  });
  afterEach(() => {
    rmSync(at("."), { recursive: true, force: true });
    rmSync(join(root, "build", "stamp", "test-stamp.json"), { force: true });
  });

  const changes: [what: string, change: () => void, runs: boolean][] = [
    ["nothing", () => {}, false],
    ["a file written anew with the same contents", () => writeFileSync(at("in/a.txt"), "one"), false],
    [
      "a generated file",
      () => {
        mkdirSync(at("in/generated"));
        writeFileSync(at("in/generated/g.ts"), "x");
      },
      false,
    ],
    ["a file's contents", () => writeFileSync(at("in/a.txt"), "two"), true],
    ["a new file", () => writeFileSync(at("in/b.txt"), "one"), true],
    ["a missing output", () => rmSync(at("out.txt")), true],
  ];
  it.each(changes)("after a change of %s", async (_, change, again) => {
    expect(await runIfChanged(step)).toBe(true);
    change();
    expect(await runIfChanged(step)).toBe(again);
    expect(runs).toBe(again ? 2 : 1);
    expect(existsSync(at("out.txt"))).toBe(true);
  });

  it("runs again after a failure", async () => {
    const failing = { ...step, run: () => Promise.reject(new Error("disk full")) };
    await expect(runIfChanged(failing)).rejects.toThrow("disk full");
    expect(await runIfChanged(step)).toBe(true);
    writeFileSync(at("in/a.txt"), "two");
    await expect(runIfChanged(failing)).rejects.toThrow("disk full");
    writeFileSync(at("in/a.txt"), "one");
    expect(await runIfChanged(step)).toBe(true);
  });
});

describe("withLock", () => {
  const lock = at("lock");
  afterEach(() => rmSync(at("."), { recursive: true, force: true }));

  it("lets one in after the other, also where the first fails", async () => {
    const steps: string[] = [];
    const enter = (name: string, fails: boolean) =>
      withLock(async () => {
        steps.push(name);
        await sleep(20);
        steps.push(name);
        if (fails) throw new Error(name);
      }, lock);
    const results = await Promise.allSettled([enter("a", true), enter("b", false), enter("c", false)]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(steps.filter((_, i) => i % 2 === 0)).toEqual(steps.filter((_, i) => i % 2 === 1));
    expect(existsSync(lock)).toBe(false);
  });

  it("takes over from an owner that is dead", async () => {
    mkdirSync(at("."), { recursive: true });
    writeFileSync(lock, String(spawnSync(process.execPath, ["-e", ""]).pid));
    expect(await withLock(async () => "entered", lock)).toBe("entered");
  });
});
