/**
 * The method's authors trained a ResNet-20 with rotated ReLUs on CIFAR-10. Neither its weights nor the images are ours to ship; whoever has them names
 * the folders: SWIVEL_CHECKPOINT (weights.safetensors with PyTorch's names; reference.safetensors with PyTorch's logits of the first 256 test images,
 * whole and with slopes up to 0.1 masked) and SWIVEL_CIFAR10 (the binary files). Each accuracy of all 10,000 images takes a minute or two.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { Session } from "../../src/session.ts";
import { batches, openDataset } from "../../training/data/index.ts";
import { bytesOf, json } from "./run.ts";

const { SWIVEL_CHECKPOINT = "", SWIVEL_CIFAR10 = "" } = process.env;
const missing = SWIVEL_CHECKPOINT === "" || SWIVEL_CIFAR10 === "";
const MINUTES = 60_000;

/** Threshold → filters that go of 672, shares of parameters and multiply-adds that go with them, and images of 10,000 that are still recognised. */
const cuts = [
  { threshold: "0.1", gone: 26, params: 0.056, macs: 0.0309, right: 9286 },
  { threshold: "0.2", gone: 28, right: 9251 },
  { threshold: "0.3", gone: 151, right: 1141 },
];

describe.skipIf(missing)(
  `the authors' checkpoint${missing ? " (skipped: SWIVEL_CHECKPOINT and SWIVEL_CIFAR10 name no folders)" : ""}`,
  () => {
    const arch = ["--arch", "resnet20", "--activation", "rrelu"];
    const right = async (file: string): Promise<number> => {
      const { accuracy, n } = await json(["eval", file, "--data", SWIVEL_CIFAR10, "--backend", "wasm"]);
      expect(n).toBe(10_000);
      return Math.round(accuracy * n);
    };

    beforeAll(async () => {
      const made = await json(["init", ...arch, "--weights", join(SWIVEL_CHECKPOINT, "weights.safetensors"), "--out", "r20.safetensors"]);
      expect(made.params).toBe(270_394);
      for (const { threshold } of cuts) {
        const prune = ["prune", "r20.safetensors", "--criterion", "slope", "--threshold", threshold];
        await json([...prune, "--out", `cut${threshold}.safetensors`]);
        await json(["pack", `cut${threshold}.safetensors`, "--out", `packed${threshold}.safetensors`]);
      }
    });

    it("is right as often as PyTorch says", { timeout: 10 * MINUTES }, async () => {
      expect(await right("r20.safetensors")).toBe(9286);
    });

    it.each(cuts)("is right as often when it is cut at $threshold, folded and packed", { timeout: 10 * MINUTES }, async (expected) => {
      const { threshold, gone, params, macs } = expected;
      const prune = ["prune", "r20.safetensors", "--criterion", "slope", "--threshold", threshold, "--out", "again.safetensors"];
      const { channels, saved } = await json(prune);
      expect(channels).toEqual({ total: 672, alive: 672 - gone });
      if (params !== undefined) expect(saved.params).toBeCloseTo(params, 4);
      if (macs !== undefined) expect(saved.macs).toBeCloseTo(macs, 4);
      expect(Math.abs((await right(`packed${threshold}.safetensors`)) - expected.right)).toBeLessThanOrEqual(2);
    });

    describe("gives PyTorch's logits", () => {
      const files = [
        ["whole", "r20.safetensors", "logits"],
        ["cut at 0.1", "cut0.1.safetensors", "logits_zeta_0.1"],
        ["cut at 0.1, folded and packed", "packed0.1.safetensors", "logits_zeta_0.1"],
      ] as const;
      const expected = (key: string) => {
        const { data, shape } = readSafetensors(readFileSync(join(SWIVEL_CHECKPOINT, "reference.safetensors"))).tensors[key] ?? {};
        expect(shape).toEqual([256, 10]);
        return data as Float32Array;
      };
      const firstImages = async (file: string, count: number): Promise<Float32Array> => {
        const dataset = await openDataset(SWIVEL_CIFAR10);
        const [batch] = batches(dataset.test, { ...dataset, ...readModel(bytesOf(file)).preprocess }, { size: count });
        return batch?.images.slice() as Float32Array;
      };
      const expectEqual = (logits: ArrayLike<number>, want: Float32Array, tolerance: number) => {
        const worst = Array.from(logits).reduce((most, logit, i) => Math.max(most, Math.abs(logit - (want[i] as number))), 0);
        expect(worst).toBeLessThan(tolerance);
      };

      it.each(files.flatMap(([what, ...rest]) => (["relaxed", "baseline"] as const).map((simd) => [what, simd, ...rest] as const)))(
        "%s, on Wasm with %s SIMD",
        async (_what, simd, file, key) => {
          using session = await Session.load(bytesOf(file), { backend: "wasm", simd });
          expectEqual((await session.run({ image: await firstImages(file, 256) })).logits as Float32Array, expected(key), 1e-4);
        },
      );

      it.each(files)("%s, on the reference", async (_what, file, key) => {
        const count = 2;
        const { graph, tensors } = readModel(bytesOf(file));
        const run = new ReferenceBackend().compileExact(graph, tensors);
        const { logits } = run.runExact({ image: Float64Array.from(await firstImages(file, count)) });
        expectEqual(logits as Float64Array, expected(key).subarray(0, 10 * count), 1e-4);
      });
    });
  },
);
