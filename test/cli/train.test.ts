import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../../training/checkpoint.ts";
import { idxFiles } from "./data.ts";
import { bytesOf, expectRefusal, folder, json, put, type Ran, swivel } from "./run.ts";

/** Long enough that a signal after the first few always comes before the end. */
const EPOCHS = 60;
const data = put("data", idxFiles({ train: 200, test: 40, classes: 4 }));
const train = (out: string, epochs: number = EPOCHS): string[] => {
  return ["train", "--data", data, "--limit", "200", "--epochs", String(epochs), "--l1", "0.01", "--out", out, "--threads", "1"];
};
const leftovers = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

it("tells about epochs on stderr and the result on stdout, as text and as JSON", async () => {
  const text = await swivel(train("text.safetensors", 2));
  expect(text.code).toBe(0);
  const epochs = text.stderr.trimEnd().split("\n");
  expect(epochs).toHaveLength(2);
  epochs.forEach(
    (line, i) => void expect(line).toMatch(new RegExp(`${i + 1}/2  loss \\d\\.\\d{3}  accuracy .* %  validation .* %  .* s$`)),
  );
  expect(text.stdout).toMatch(/% of 40 test images right\ntext\.safetensors: 23,780 parameters/);

  const result = await json(train("json.safetensors", 2));
  expect(result).toMatchObject({ out: "json.safetensors", arch: "small-cnn", activation: "rrelu", data: "data", epoch: 2, seed: 0 });
  expect(result).toMatchObject({ params: 23780, macs: 205312, test: { count: 40 }, validation: { count: 28 } });
  expect(text.stdout).toContain(`${(100 * result.test.accuracy).toFixed(2)} %`);
  expect(bytesOf("json.safetensors").equals(bytesOf("text.safetensors"))).toBe(true);
});

describe("an interrupted training", () => {
  let uninterrupted: ReturnType<typeof json> | undefined;
  /** One run for all tests that need its file or its numbers. */
  const whole = () => {
    uninterrupted ??= json(train("whole.safetensors"));
    return uninterrupted;
  };

  /** Goes on to the end, and must come to the same file as the one that nobody interrupted. */
  async function expectSameEnd(out: string): Promise<void> {
    const result = await json([...train(out), "--resume"]);
    const { out: _, ...facts } = await whole();
    expect(result).toMatchObject(facts);
    expect(bytesOf(out).equals(bytesOf("whole.safetensors"))).toBe(true);
  }

  const epochsIn = (stderr: string): number => stderr.split("\n").length - 1;
  /** Sends the signal a little after so many epochs are over, in the middle of the next as a rule. */
  const signalAfter = (epochs: number, signal: NodeJS.Signals) => {
    let sent = false;
    return (stderr: string, child: ChildProcess) => {
      if (sent || epochsIn(stderr) < epochs) return;
      sent = true;
      setTimeout(() => child.kill(signal), 20);
    };
  };

  it.each(["SIGINT", "SIGTERM"] as const)("by %s saves, says how to go on, and ends in the same bits", async (signal) => {
    const out = `${signal}.safetensors`;
    const first = await swivel(train(out), { onStderr: signalAfter(3, signal) });
    expectRefusal(first, "E_ABORTED", /interrupted after step \d+ of \d+/, out, /--resume/);
    expect(leftovers()).toEqual([]);
    const { position, recipe } = readCheckpoint(bytesOf(out));
    expect(position.step).toBeGreaterThan(0);
    expect(position.step).toBeLessThan(recipe.steps);
    await expectSameEnd(out);
  });

  it("by SIGKILL, again and again, keeps the last checkpoint whole and ends in the same bits", async () => {
    const out = "killed.safetensors";
    let step = 0;
    for (const epochs of [2, 3, 2]) {
      const args = existsSync(join(folder, out)) ? [...train(out), "--resume"] : train(out);
      const { code } = await swivel(args, { onStderr: signalAfter(epochs, "SIGKILL") });
      expect(code).toBe(null);
      if (!existsSync(join(folder, out))) continue;
      const { position } = readCheckpoint(bytesOf(out));
      expect(position.step).toBeGreaterThanOrEqual(step);
      step = position.step;
    }
    expect(step).toBeGreaterThan(0);
    await expectSameEnd(out);
  });

  it("that was over already says so, and changes nothing", async () => {
    await whole();
    const before = bytesOf("whole.safetensors");
    const { code, stderr } = await swivel([...train("whole.safetensors"), "--resume"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/trained to its end: all \d+ steps are done\n$/) });
    expect(bytesOf("whole.safetensors").equals(before)).toBe(true);
  });

  it.each<[what: string, args: string[], code: "E_OPTION" | "E_INPUT", ...words: RegExp[]]>([
    ["more epochs", [...train("whole.safetensors", 70), "--resume"], "E_OPTION", /--epochs 70/, /trained with 60/],
    ["another network", [...train("whole.safetensors"), "--arch", "lenet", "--resume"], "E_OPTION", /--arch lenet/],
    ["another rate", [...train("whole.safetensors"), "--rate", "0.1", "--resume"], "E_OPTION", /--rate 0\.1/, /0\.05/],
    ["other slopes", [...train("whole.safetensors"), "--slope-rate", "2", "--resume"], "E_OPTION", /--slope-rate 2/],
    ["another batch", [...train("whole.safetensors"), "--batch", "20", "--resume"], "E_OPTION", /--batch 20/, /32/],
    ["mirrored images", [...train("whole.safetensors"), "--flip", "--resume"], "E_OPTION", /--flip/],
    ["another seed", [...train("whole.safetensors"), "--seed", "5", "--resume"], "E_OPTION", /--seed 5/],
    ["fewer images", [...train("whole.safetensors"), "--limit", "100", "--resume"], "E_INPUT", /the same data/],
    ["images of another size", ["train", "--out", "whole.safetensors", "--resume"], "E_INPUT", /1×12×12/, /1×28×28/],
  ])("does not take %s on the way", async (_, args, code, ...words) => {
    await whole();
    expectRefusal(await swivel(args), code, ...words, /whole\.safetensors/);
  });

  it("does not take other images of the same kind", async () => {
    await whole();
    const other = put("other", idxFiles({ train: 200, test: 40, classes: 4, seed: 2 }));
    const args = ["train", "--data", other, "--out", "whole.safetensors", "--resume"];
    expectRefusal(await swivel(args), "E_INPUT", /begun with images of data/, /other/, /--data/);
  });

  it("goes on with the options left out", async () => {
    await whole();
    const { arch, epoch } = await json(["train", "--data", data, "--out", "whole.safetensors", "--resume"]);
    expect({ arch, epoch }).toEqual({ arch: "small-cnn", epoch: EPOCHS });
  });
});

describe("the checkpoint's place", () => {
  it("is not overwritten", async () => {
    writeFileSync(join(folder, "taken.safetensors"), "mine");
    expectRefusal(await swivel(train("taken.safetensors")), "E_OPTION", /taken\.safetensors exists already/, /--resume/, /--out/);
    expect(bytesOf("taken.safetensors").toString()).toBe("mine");
  });

  const refused = (run: Ran): string => run.stderr.trimEnd().split("\n")[0] as string;
  it.each<[what: string, out: string, code: "E_OPTION" | "E_NOT_FOUND", words: RegExp]>([
    ["in a folder that is missing", join("nowhere", "a.safetensors"), "E_NOT_FOUND", /the folder nowhere does not exist/],
    ["in a file", join("data", "t10k-labels-idx1-ubyte", "a.safetensors"), "E_NOT_FOUND", /is not a folder/],
    ["a folder", "data", "E_OPTION", /--out data is a folder/],
  ])("%s is refused before any training", async (_, out, code, words) => {
    const run = await swivel(train(out));
    expectRefusal(run, code, words);
    // the refusal is the first thing said
    expect(refused(run)).toMatch(/^swivel: /);
  });

  // root may write anywhere, and Windows has other rights
  it.skipIf(process.platform === "win32" || process.getuid?.() === 0)("in a folder that may not be written is refused", async () => {
    const closed = put("closed", { "a.txt": new Uint8Array(1) });
    const { chmodSync } = await import("node:fs");
    chmodSync(closed, 0o555);
    expectRefusal(await swivel(train(join("closed", "a.safetensors"))), "E_IO", /closed is not writable/);
    chmodSync(closed, 0o755);
  });

  // a limit on the size of files is to the writer what a full disk is
  it.skipIf(process.platform === "win32")("on a full disk keeps the checkpoint before", async () => {
    const full = ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash"];
    const first = await swivel(train("full.safetensors"), { through: full });
    expectRefusal(first, "E_IO", /full\.safetensors could not be written/, /free some space/);
    expect(existsSync(join(folder, "full.safetensors"))).toBe(false);

    await swivel(train("full.safetensors"), { onStderr: (text, child) => text.split("\n").length > 3 && child.kill("SIGINT") });
    const before = bytesOf("full.safetensors");
    expectRefusal(await swivel([...train("full.safetensors"), "--resume"], { through: full }), "E_IO", /as it was/);
    expect(bytesOf("full.safetensors").equals(before)).toBe(true);
    expect(leftovers().filter((name) => name.includes("full"))).toEqual([]);
  });
});

it("that diverges says where, and what to do", async () => {
  expectRefusal(await swivel([...train("diverged.safetensors"), "--rate", "1e30"]), "E_DIVERGED", /step/, /lower the rate/);
});

describe("unusual sizes", () => {
  it.each([
    ["three images", { train: 3, test: 1, classes: 2 }, []],
    ["a batch beyond the data", { train: 20, test: 5, classes: 2 }, ["--batch", "100000"]],
    ["batches of one", { train: 9, test: 5, classes: 2 }, ["--batch", "1"]],
    ["a limit beyond the data", { train: 20, test: 5, classes: 2 }, ["--limit", "100000"]],
    ["a shift beyond the images", { train: 20, test: 5, classes: 2 }, ["--crop", "1024"]],
  ])("%s", async (name, sizes, options) => {
    const out = `${name}.safetensors`;
    const result = await json(["train", "--data", put(name, idxFiles(sizes)), "--epochs", "1", "--out", out, ...options, "--threads", "1"]);
    expect(result.test.count).toBe(sizes.test);
  });
});
