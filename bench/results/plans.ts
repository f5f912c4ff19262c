/** What is compared: data set, seeds, and arms, each a recipe. A run is one arm with one seed; runs with the same first stages share them. */
import { recipes } from "swivel-nn/training";

type StagedRecipe = recipes.StagedRecipe;
type Criterion = recipes.CutStage["criterion"];

export interface Arm {
  readonly name: string;
  /** Arms of one family are one line of the plot. */
  readonly family: string;
  readonly recipe: StagedRecipe;
}

export interface Plan {
  readonly name: string;
  readonly title: string;
  /** What the folder given as --data must hold: images for training (validation among them) and for the test. */
  readonly images: { readonly train: number; readonly test: number };
  readonly seeds: readonly number[];
  readonly arms: readonly Arm[];
  /** Pairs of arms that the page says something about. */
  readonly pairs: readonly (readonly [arm: string, other: string])[];
  /** Arms whose networks are attacked. */
  readonly attacked?: readonly string[];
  /** What a reader should know that no record tells. */
  readonly notes: readonly string[];
}

/** How one network is trained, and how it is cut afterwards. */
interface Family {
  readonly name: string;
  readonly training: StagedRecipe;
  readonly criterion: Criterion;
  /** Only cut: trained by another family already. */
  readonly cutOnly?: boolean;
  /** In place of fine-tuning, the cut network starts anew. */
  readonly fromScratch?: boolean;
}

interface Lengths {
  readonly finetune: StagedRecipe;
  readonly scratch: StagedRecipe;
}

const percent = (keep: number): string => `${Math.round(100 * keep)}`;

/** Each family dense, and cut to each share of the multiply-adds. */
function armsOf(families: readonly Family[], keeps: readonly number[], { finetune, scratch }: Lengths): Arm[] {
  const dense = families
    .filter(({ cutOnly }) => !cutOnly)
    .map(({ name, training }) => ({ name, family: name, recipe: { ...training, name } }));
  const cuts = keeps.flatMap((keepMacs) =>
    families.map(({ name, training, criterion, fromScratch }): Arm => {
      const called = `${name}-${percent(keepMacs)}`;
      const cut: recipes.CutStage = { kind: "cut", criterion, goal: { keepMacs }, minimum: 2 };
      const title = `${training.title}, cut by ${criterion} to ${percent(keepMacs)} %, ${fromScratch ? "then from scratch" : "fine-tuned"}`;
      return { name: called, family: name, recipe: recipes.chain(called, title, training, cut, fromScratch ? scratch : finetune) };
    }),
  );
  return [...dense, ...cuts];
}

const JPEG = "155 training and 34 test images of our copy were decoded from JPEG; all others are the official bytes.";

/** An arm against others at the same multiply-adds. */
const pairsOf = (best: string, others: readonly string[], keeps: readonly number[]): [string, string][] =>
  keeps.flatMap((keep) => others.map((other): [string, string] => [`${best}-${percent(keep)}`, `${other}-${percent(keep)}`]));

const named = (name: string): StagedRecipe => recipes.recipeNamed(name);
const CONTROLS = ["random", "scratch", "relu", "rrelu"] as const;
/** What is no part of the method, against the method and the controls. */
const beyond = (keeps: readonly number[]): [string, string][] => [
  ...pairsOf("taylor", ["rrelu-l1", "rrelu-no-decay", "relu", "scratch"], keeps),
  ...pairsOf("early", ["rrelu-l1", "taylor", "relu", "scratch"], keeps),
];
const BEYOND =
  "Two arms are no part of the method: *taylor* is rrelu-no-decay cut by what the loss would miss, *early* is cut so after a third of the training, and then trained on.";
const STRENGTHS =
  "The strengths of L1 follow from the authors' by arithmetic (strength times the sum of all rates) and were not tuned; with another one rrelu-l1 may do better or worse.";
const RETRAIN = "*retrain* goes on from relu with every slope at 1, for as many epochs again: twice the training of the other arms.";
const TWO_STEP =
  "*two-step* learns the slopes alone first (*before*), with the weights as they were drawn, cuts slopes of 0.03 and less, and then learns the weights alone.";
const NO_NORMS = "The network has no batch norms, so that Network Slimming does not apply.";

function mnist(): Plan {
  const base = named("mnist-mlp");
  // the last stage of a chain, a tenth of the training, as fine-tuning
  const more = (epochs: number, name: string): StagedRecipe => {
    const { stages } = recipes.override(base, { epochs });
    return { ...base, start: "given", stages: stages.map((stage) => (stage.kind === "train" ? { ...stage, name } : stage)) };
  };
  const relu = recipes.override(base, { activation: "relu" });
  const l1 = recipes.override(base, { l1: 0.04 });
  const keeps = [0.5, 0.25];
  const scratch = more(330, "from scratch");
  return {
    name: "mnist-mlp",
    title: "MNIST, the authors' network of 500 hidden units, by their recipe of 300 epochs",
    images: { train: 60_000, test: 10_000 },
    seeds: [0, 1, 2],
    arms: armsOf(
      [
        { name: "relu", training: relu, criterion: "l1" },
        { name: "rrelu", training: base, criterion: "slope" },
        { name: "rrelu-l1", training: l1, criterion: "slope" },
        { name: "random", training: base, criterion: "random", cutOnly: true },
        { name: "scratch", training: l1, criterion: "slope", cutOnly: true, fromScratch: true },
      ],
      keeps,
      { finetune: more(30, "fine-tuning"), scratch: { ...scratch, stages: [{ kind: "fresh" }, ...scratch.stages] } },
    ),
    pairs: [["rrelu", "relu"], ...pairsOf("rrelu-l1", CONTROLS, keeps)],
    notes: [NO_NORMS],
  };
}

/** Recipes of convolutional networks, all with the same budget. */
interface Budget {
  readonly arch: string;
  readonly epochs: number;
  readonly rate: number;
  readonly crop: number;
  /** Strengths that move a slope, and a scale of batch norms, as far as their authors' many epochs do. */
  readonly l1: number;
  readonly gamma?: number;
  /** Whether the method's two other ways to train are arms as well. */
  readonly others?: boolean;
}

function convolutional({ arch, epochs, rate, crop, l1, gamma, others }: Budget, keeps: readonly number[]): Arm[] {
  const common = { arch, epochs, rate, crop };
  const at = (name: string, more: recipes.RecipeOverrides = {}): StagedRecipe => recipes.override(named(name), { ...common, ...more });
  // those of a cut network keep the proportions of their own recipes to the training
  const share = epochs / 30;
  const tail = (name: string, length: number, own: number): StagedRecipe =>
    recipes.override(named(name), { epochs: Math.max(1, Math.round(length * share)), rate: own, crop });
  const sparse = at("rrelu-l1", { l1 });
  const early = (keepMacs: number): Arm => {
    const recipe = at("early", { epochs: Math.round(epochs / 3), keepMacs });
    const name = `early-${percent(keepMacs)}`;
    return { name, family: "early", recipe: { ...recipe, name } };
  };
  const norms: Family[] = gamma === undefined ? [] : [{ name: "slimming", training: withGamma(at("slimming"), gamma), criterion: "gamma" }];
  const again: Family = {
    name: "retrain",
    training: recipes.chain("retrain", named("retrain").title, at("relu"), at("retrain")),
    criterion: "slope",
  };
  const ended = armsOf(
    [
      { name: "relu", training: at("relu"), criterion: "l1" },
      { name: "rrelu", training: at("rrelu"), criterion: "slope" },
      { name: "rrelu-no-decay", training: at("rrelu-no-decay"), criterion: "slope" },
      { name: "rrelu-l1", training: sparse, criterion: "slope" },
      ...norms,
      { name: "random", training: at("rrelu-no-decay"), criterion: "random", cutOnly: true },
      { name: "scratch", training: sparse, criterion: "slope", cutOnly: true, fromScratch: true },
      { name: "taylor", training: at("rrelu-no-decay"), criterion: "taylor", cutOnly: true },
      ...(others ? [again] : []),
    ],
    keeps,
    { finetune: tail("finetune", 10, rate / 2), scratch: tail("scratch", 40, rate) },
  );
  // its 12 + 18 epochs keep their proportions, and it cuts by its own threshold
  const twoStep = at("two-step", { epochs: Math.round(12 * share) });
  return [...ended, ...keeps.map(early), ...(others ? [{ name: "two-step", family: "two-step", recipe: twoStep }] : [])];
}

const withGamma = (recipe: StagedRecipe, strength: number): StagedRecipe => ({
  ...recipe,
  stages: recipe.stages.map((stage) =>
    stage.kind === "train" ? { ...stage, gamma: { ...stage.gamma, l1: { strength, mode: "subgradient" } } } : stage,
  ),
});

function fashion(): Plan {
  const keeps = [0.5, 0.25];
  return {
    name: "fashion-lenet",
    title: "Fashion-MNIST, LeNet, 20 epochs",
    images: { train: 60_000, test: 10_000 },
    seeds: [0, 1, 2],
    arms: convolutional({ arch: "lenet", epochs: 20, rate: 0.02, crop: 2, l1: 0.02, others: true }, keeps),
    pairs: [
      ["rrelu", "relu"],
      ["rrelu-no-decay", "relu"],
      ["retrain", "relu"],
      ...pairsOf("rrelu-l1", [...CONTROLS, "rrelu-no-decay"], keeps),
      ...pairsOf("retrain", ["rrelu-l1", "relu"], keeps),
      ...beyond(keeps),
    ],
    notes: [NO_NORMS, STRENGTHS, RETRAIN, TWO_STEP, BEYOND],
  };
}

function cifar(): Plan {
  const keeps = [0.5];
  return {
    name: "cifar10-resnet20",
    title: "CIFAR-10, ResNet-20, 10 epochs",
    images: { train: 50_000, test: 10_000 },
    seeds: [0, 1, 2],
    arms: convolutional({ arch: "resnet20", epochs: 10, rate: 0.1, crop: 4, l1: 0.014, gamma: 4e-4 }, keeps),
    pairs: [
      ["rrelu", "relu"],
      ["rrelu-no-decay", "rrelu"],
      ...pairsOf("rrelu-l1", [...CONTROLS, "rrelu-no-decay", "slimming"], keeps),
      ...beyond(keeps),
    ],
    attacked: ["relu", "rrelu", "relu-50", "rrelu-50"],
    notes: [STRENGTHS, BEYOND, "Ten epochs are a hundredth of the authors' training; what holds here need not hold there.", JPEG],
  };
}

/** One run, as long as could be had, and the authors' cut: nothing but the threshold. */
function cifarLong(): Plan {
  const training = named("rrelu");
  const cut: recipes.CutStage = { kind: "cut", criterion: "slope", goal: { threshold: 0.1 }, minimum: 0 };
  const name = "rrelu-threshold";
  return {
    name: "cifar10-resnet20-long",
    title: "CIFAR-10, ResNet-20, 30 epochs",
    images: { train: 50_000, test: 10_000 },
    seeds: [0],
    arms: [
      { name: "rrelu", family: "rrelu", recipe: training },
      { name, family: "rrelu", recipe: recipes.chain(name, "rotated ReLU, slopes of 0.1 and less cut", training, cut) },
    ],
    pairs: [],
    attacked: ["rrelu"],
    notes: [
      "The recipe as it comes, a fortieth of the authors' training. *rrelu-threshold* cuts as they do: slopes of 0.1 and less, nothing after it.",
      JPEG,
    ],
  };
}

export const plans: readonly Plan[] = [mnist(), fashion(), cifar(), cifarLong()];
