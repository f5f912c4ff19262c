/** Weights from elsewhere for a network that is made here. */
import { InputError, ModelError } from "../src/errors.ts";
import { type Graph, type Tensors, valuesOf } from "../src/graph/graph.ts";
import { type Model, readModel } from "../src/model/model.ts";
import { readSafetensors, type StoredTensor } from "../src/model/safetensors.ts";
import { readSource } from "../src/source.ts";
import type { NetInput } from "../training/net.ts";
import { naming } from "./files.ts";

type Preprocess = NonNullable<Model["preprocess"]>;

/** Mean and spread of each channel. */
export type Normalisation = Pick<Preprocess, "mean" | "std">;

export type Weights = Pick<Model, "tensors" | "preprocess" | "classNames">;

/** ImageNet's, which torchvision's networks were trained with, and the paper's on CIFAR too. A state dict does not say. */
export const USUAL: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * The network's tensors from a model or checkpoint, with its preprocessing and class names, or from a bare state dict. Throws what `readSource`,
 * `readSafetensors` and `readModel` throw, and ModelError E_FORMAT, E_NOT_FOUND or E_SHAPE for tensors of another network, naming the file.
 */
export async function weightsFrom(path: string, graph: Graph): Promise<Weights> {
  const bytes = await readSource(path, {});
  return naming(path, () => {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata.swivel === undefined) return { tensors: match(graph, tensors) };
    const { tensors: own, preprocess, classNames } = readModel(bytes);
    const names = new Set(Object.keys(own));
    const kept = match(graph, Object.fromEntries(Object.entries(tensors).filter(([name]) => names.has(name))));
    return { tensors: kept, ...(preprocess && { preprocess }), ...(classNames && { classNames }) };
  });
}

/** How images of this size are normalised. Throws InputError E_OPTION where the numbers are not one for each channel. */
export function preprocessFor({ channels, height, width }: NetInput, { mean, std }: Normalisation): Preprocess {
  if (channels !== 1 && channels !== 3) throw new InputError("E_OPTION", `--mean and --std: images have 1 or 3 channels, not ${channels}`);
  for (const [option, numbers] of Object.entries({ "--mean": mean, "--std": std })) {
    if (numbers.length !== channels)
      throw new InputError("E_OPTION", `${option} has ${numbers.length} numbers, the images have ${channels} channels; give one for each`);
  }
  if (std.includes(0)) throw new InputError("E_OPTION", "--std has a 0, by which nothing can be divided; give numbers above it");
  return { width, height, channels, order: channels === 3 ? "RGB" : "gray", mean, std };
}

const REMEDY = "choose the --arch, --activation, --classes and --input that the weights were trained with";

/** Counters that PyTorch keeps beside batch norms are left out; nothing else may be left over, nothing may be missing. */
function match(graph: Graph, tensors: Readonly<Record<string, StoredTensor>>): Tensors {
  const wanted = valuesOf(graph, "param", "state");
  const known = new Set(wanted.map((value) => value.name));
  const stranger = Object.keys(tensors).find((name) => !known.has(name) && !name.endsWith(".num_batches_tracked"));
  if (stranger !== undefined) {
    const wrapped = stranger.startsWith("module.") && known.has(stranger.slice(7));
    throw new ModelError(
      "E_FORMAT",
      `tensor "${stranger}" belongs to no layer of this network; ${wrapped ? 'rename the tensors: leave "module." out' : REMEDY}`,
    );
  }
  return Object.fromEntries(
    wanted.map(({ name, shape }) => {
      const stored = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (!stored) throw new ModelError("E_NOT_FOUND", `tensor "${name}" is missing; ${REMEDY}`);
      if (stored.dtype !== "f32" || !sameSizes(stored.shape, shape as number[])) {
        const has = `${stored.dtype} [${stored.shape.join(", ")}]`;
        throw new ModelError("E_SHAPE", `tensor "${name}" is ${has}, the network has f32 [${shape.join(", ")}]; ${REMEDY}`);
      }
      return [name, stored.data];
    }),
  );
}

/** Slopes may come as [C, 1, 1]: sizes of 1 change no order of the numbers. */
function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  const plain = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  return plain(a) === plain(b);
}
