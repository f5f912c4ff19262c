import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../tools/entries.ts";
import { expectRefusal, folder, swivel } from "./run.ts";

const commands = ["tour", "train", "prune", "pack", "eval", "inspect", "energy", "init", "data"];

describe("help", () => {
  it("comes without a command, and names them all", async () => {
    const alone = await swivel([]);
    const asked = await swivel(["--help"]);
    expect(alone).toEqual(asked);
    expect(alone).toMatchObject({ code: 0, stderr: "" });
    for (const command of commands) expect(alone.stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    for (const example of alone.stdout.match(/^ {2}swivel .*$/gm) ?? []) expect(commands).toContain(example.split(" ")[3]);
  });

  it.each([...commands, "data fetch", ...["sources", "run", "plan", "import", "phone", "check"].map((name) => `energy ${name}`)])(
    "of %s fits 80 columns, describes every option and has --json",
    async (command) => {
      const { code, stdout, stderr } = await swivel([...command.split(" "), "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      for (const option of stdout.match(/^ {2}-.*$/gm) ?? []) expect(option).toMatch(/\S {2,}\S/);
      if (command !== "data" && command !== "energy") expect(stdout).toContain("--json");
    },
  );

  it("is not printed instead of an answer: a group of commands alone is wrong use", async () => {
    expect(await swivel(["data"])).toMatchObject({ code: 2, stdout: "" });
    expect(await swivel(["--json"])).toMatchObject({ code: 2, stdout: "" });
  });
});

it("--version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const flag of ["--version", "-V"]) expect(await swivel([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe("wrong use ends with code 2 and one line", () => {
  const out = ["--out", "never.safetensors"];
  it.each<[what: string, args: string[], ...words: RegExp[]]>([
    ["an unknown command", ["trian"], /'trian'/, /Did you mean train\?/],
    ["an unknown option", ["inspect", "x", "--jsno"], /'--jsno'/, /--json/],
    ["a missing argument", ["inspect"], /'model'/],
    ["an argument too many", ["inspect", "a", "b"], /too many arguments/],
    ["a missing option", ["train"], /--out/],
    ["an option without its value", ["train", "--out"], /--out <file>/],
    ["an empty name", ["init", "--arch", "lenet", "--out", ""], /--out is empty/],
    ["an unknown architecture", ["train", "--arch", "vgg", ...out], /"vgg"/, /small-cnn, lenet, .*resnet20/],
    ["an unknown architecture", ["init", "--arch", "vgg", ...out], /"vgg"/, /small-cnn, lenet, .*resnet20/],
    ["an unknown choice", ["train", "--activation", "gelu", ...out], /'gelu'/, /relu, rrelu/],
    ["no integer", ["train", "--epochs", "1.5", ...out], /--epochs/, /'1.5'/, /integer of 1 or more/],
    ["an integer too small", ["train", "--batch", "0", ...out], /--batch/, /integer of 1 or more/],
    ["a hexadecimal one", ["train", "--batch", "0x10", ...out], /--batch/],
    ["an empty number", ["init", "--arch", "lenet", "--seed", "", ...out], /--seed/],
    ["a number beyond the exact ones", ["init", "--arch", "lenet", "--seed", "1e300", ...out], /--seed/],
    ["no number", ["train", "--rate", "fast", ...out], /--rate/, /'fast'/, /number of 0 or more/],
    ["a negative number", ["train", "--l1", "-1", ...out], /--l1/],
    ["an infinite one", ["train", "--rate", "Infinity", ...out], /--rate/],
    ["too many threads", ["eval", "x", "--threads", "65"], /--threads/, /1 to 64/],
    ["a share of nothing", ["prune", "x", "--keep-macs", "0", ...out], /--keep-macs/, /above 0 and up to 1/],
    ["a share beyond all", ["prune", "x", "--keep-macs", "1.01", ...out], /--keep-macs/],
    ["two ways to cut", ["prune", "x", "--keep-macs", "0.5", "--threshold", "0.1", ...out], /--threshold/, /--keep-macs/],
    ["no way to cut", ["prune", "x", ...out], /--threshold 0\.1/, /--keep-macs 0\.5/],
    ["an input of two sizes", ["init", "--arch", "lenet", "--input", "28x28", ...out], /--input/, /3x32x32/],
    ["an input as large as a hall", ["init", "--arch", "lenet", "--input", "1x100000x100000", ...out], /--input/, /1 to 16384/],
    ["a data set nobody knows", ["data", "fetch", "imagenet"], /'imagenet'/, /mnist, fashion-mnist, cifar-10, cifar-100/],
    ["a backend that nobody knows", ["train", "--backend", "cuda", ...out], /--backend/, /auto, wasm, webgpu, reference/],
    ["a precision that nobody knows", ["eval", "x", "--precision", "f64"], /--precision/, /f32, f16/],
  ])("%s", async (_, args, ...words) => {
    expectRefusal(await swivel(args), "E_OPTION", ...words);
    expect(existsSync(join(folder, "never.safetensors"))).toBe(false);
  });
});
