/** What a training is set up with. It lives in the page's address, so that a set-up can be shared; what is the default is left out there. */

export type DataName = "fashion" | "own";
export type BackendChoice = "auto" | "wasm" | "webgpu";

export interface Settings {
  readonly data: DataName;
  readonly network: NetworkName;
  readonly activation: "rrelu" | "relu";
  /** Strength of the proximal L1 on slopes. */
  readonly l1: number;
  /** Passes over the training images before the cut. */
  readonly epochs: number;
  /** The same after the cut. */
  readonly tune: number;
  /** Training images at most. */
  readonly images: number;
  /** Share of one's own pictures that no training sees: half of it to choose the threshold with, half for the test. */
  readonly held: number;
  readonly seed: number;
  readonly backend: BackendChoice;
}

/** The networks that the page offers, and what it calls them. */
export const networks = {
  "small-cnn": "Small convolutional network",
  lenet: "LeNet",
  "mlp-784-500-10": "One dense layer of 500",
  resnet20: "ResNet-20 (slow without a GPU)",
} as const;
export type NetworkName = keyof typeof networks;

export const defaults: Settings = {
  data: "fashion",
  network: "small-cnn",
  activation: "rrelu",
  l1: 0.03,
  epochs: 10,
  tune: 12,
  images: 6000,
  held: 0.25,
  seed: 0,
  backend: "auto",
};

/** [least, most] of what is a number. */
export const limits = {
  l1: [0, 0.2],
  epochs: [1, 60],
  tune: [1, 60],
  images: [100, 6000],
  held: [0.1, 0.5],
  seed: [0, 999_999],
} as const;

const choices = {
  data: ["fashion", "own"],
  network: Object.keys(networks),
  activation: ["rrelu", "relu"],
  backend: ["auto", "wasm", "webgpu"],
} as const;

const WHOLE: readonly string[] = ["epochs", "tune", "images", "seed"];

/** The settings that an address (or a report) asks for: whatever is missing or impossible is the default. */
export function readSettings(given: URLSearchParams | Readonly<Record<string, unknown>>): Settings {
  const of = (key: string): unknown => (given instanceof URLSearchParams ? given.get(key) : given[key]);
  const found: Record<string, unknown> = { ...defaults };
  for (const [key, allowed] of Object.entries(choices)) {
    const value = of(key);
    if ((allowed as readonly unknown[]).includes(value)) found[key] = value;
  }
  for (const [key, [least, most]] of Object.entries(limits)) {
    const text = of(key);
    const value = text === null || text === undefined || text === "" ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) continue;
    const within = Math.min(most, Math.max(least, value));
    found[key] = WHOLE.includes(key) ? Math.round(within) : within;
  }
  return found as unknown as Settings;
}

/** The query of an address that asks for these settings; empty for the defaults. */
export function writeSettings(settings: Settings): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(settings)) {
    if (value !== defaults[key as keyof Settings]) query.set(key, String(value));
  }
  return query.toString();
}
