import { beforeAll, expect, it } from "vitest";
import { idxFiles } from "./data.ts";
import { expectRefusal, json, put, swivel } from "./run.ts";

const data = put("squares", idxFiles({ train: 60, test: 20, classes: 4 }));
const attack = (...args: string[]): string[] => ["attack", "net.safetensors", "--data", data, "--threads", "1", ...args];

beforeAll(() => json(["train", "--data", data, "--epochs", "8", "--threads", "1", "--out", "net.safetensors"]));

it("tells accuracy and loss before and after, with the settings that it took", async () => {
  const fgsm = await json(attack("--eps", "1"));
  expect(fgsm).toMatchObject({ model: "net.safetensors", method: "fgsm", epsilon: 1, steps: 1, space: "normalised", clean: { count: 20 } });
  expect(fgsm.adversarial.loss).toBeGreaterThan(fgsm.clean.loss);
  const pgd = await json(attack("--method", "pgd", "--eps", "0.25", "--steps", "4", "--space", "pixels", "--limit", "8"));
  expect(pgd).toMatchObject({ method: "pgd", epsilon: 0.25, steps: 4, alpha: 0.05, space: "pixels", adversarial: { count: 8 } });
  const evaluated = await json(["eval", "net.safetensors", "--data", data, "--threads", "1"]);
  expect(fgsm.clean.accuracy).toBe(evaluated.accuracy);
});

it("takes packed models, and none that are no models", async () => {
  await json(["pack", "net.safetensors", "--out", "packed.safetensors"]);
  const { stdout, code } = await swivel(attack("--limit", "8").map((arg) => arg.replace("net.", "packed.")));
  expect(code).toBe(0);
  expect(stdout).toMatch(/of 8 test images of squares right \(loss .*\)\n.* of them after FGSM, eps 0\.031 in the normalised input/);
  expectRefusal(await swivel(["attack", "none.safetensors"]), "E_NOT_FOUND", /none\.safetensors/);
  expectRefusal(await swivel(attack("--eps", "-1")), "E_OPTION", /--eps/);
});
