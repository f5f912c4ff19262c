/** The published schema of `energy.json` and `marks.json`, in JSON Schema 2020-12. docs/energy.schema.json is this, written out; a test holds them together. */

/** As much of JSON Schema as is used here. */
export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

const text: Schema = { type: "string" };
const number: Schema = { type: "number" };
const positive: Schema = { type: "number", minimum: 0 };
const count: Schema = { type: "integer", minimum: 0 };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };
const flag: Schema = { type: "boolean" };
const texts: Schema = { type: "array", items: text };
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });

/** An object with these properties; those with a question mark may be missing, and others may be there too. */
function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  const names = Object.keys(properties);
  return {
    type: "object",
    ...(description !== undefined && { description }),
    required: names.filter((name) => !name.endsWith("?")),
    properties: Object.fromEntries(names.map((name) => [name.replace("?", ""), properties[name] as Schema])),
  };
}

const list = (items: Schema): Schema => ({ type: "array", items });
const arm: Schema = { enum: ["A", "B", "N", "C"] };
const comparison: Schema = { enum: ["saving", "null", "control"] };

const common = {
  tool: { ...text, description: "What wrote it, with its version." },
  date: { ...text, description: "ISO 8601." },
  device: ref("device"),
  settings: ref("settings"),
  interrupted: flag,
  arms: list(ref("arm")),
  marks: list(ref("mark")),
};

const $defs: Readonly<Record<string, Schema>> = {
  device: object({
    ...{ "model?": text, "os?": text, "cpu?": text, "browser?": text, "runtime?": text, "governor?": text },
    ...{ "charge?": share, "brightness?": share, "charging?": flag, "notes?": texts },
  }),
  settings: object({
    ...{ mode: { enum: ["work", "rate"] }, "rate?": positive, pairs: count, nullPairs: count, controlPairs: count },
    ...{
      windowSeconds: positive,
      settleSeconds: positive,
      idleSeconds: positive,
      warmupSeconds: positive,
      sync: flag,
      seed: { type: "integer" },
    },
  }),
  arm: object({
    ...{ arm, model: text, bytes: count, params: count, macs: count, backend: text, threads: count, settled: flag },
    ...{ "simd?": text, "adapter?": text, "precision?": text, "hits?": text },
  }),
  latency: object({ meanMs: positive, medianMs: positive, p95Ms: positive }),
  mark: object(
    {
      ...{ kind: { enum: ["sync", "idle", "load", "warm-up", "window"] }, start: number, end: number, "arm?": arm },
      ...{ "comparison?": comparison, "block?": count, "position?": { type: "integer", minimum: 0, maximum: 3 } },
      ...{ "inferences?": count, "latency?": ref("latency"), "when?": { enum: ["before", "after"] } },
    },
    "What the device did, in milliseconds since 1970 on its own clock.",
  ),
  channel: object({
    ...{ id: text, covers: text, contains: texts, kind: { enum: ["counter", "power", "mean power"] }, unit: text },
    scale: { ...number, description: "Joules (of a counter) or watts of one raw unit." },
    ...{ "resolution?": positive, "range?": positive, "maxWatts?": positive },
  }),
  source: object({
    id: text,
    covers: text,
    headline: { ...texts, minItems: 1 },
    channels: list(ref("channel")),
    intervalMs: positive,
    "notes?": texts,
  }),
  clock: object({
    how: { enum: ["same clock", "time stamps", "sync patterns", "load"] },
    ...{ offsetMs: number, drift: number, uncertaintyMs: positive, "correlation?": number },
  }),
  samples: object({
    t: { ...list(number), description: "Milliseconds on the source's clock." },
    values: { type: "object", additionalProperties: list({ type: ["number", "null"] }), description: "Raw readings, by channel." },
    faults: list(object({ t: number, why: text })),
  }),
  interval: object({ value: number, low: number, high: number }, "An estimate with its 95 % interval."),
  comparison: object({
    ...{ name: comparison, of: { ...list(arm), minItems: 2, maxItems: 2 }, blocks: count, problems: texts },
    rejected: list(object({ block: count, why: text })),
    ...{ "gross?": ref("interval"), "net?": ref("interval"), "latency?": ref("interval") },
    "noise?": object({ gross: positive, "net?": positive }),
  }),
  armResult: object({
    ...{ arm, windows: count, gross: ref("interval"), "net?": ref("interval"), watts: number, latencyMs: positive },
    "accuracy?": object({ value: share, images: count }),
    "load?": object({ ms: positive, "joules?": number }),
  }),
  result: object({
    ...{ status: { enum: ["measured", "failed"] }, problems: texts, notes: texts, verdict: text },
    "idle?": object({ beforeWatts: number, "afterWatts?": number, "drift?": number }),
    ...{ arms: list(ref("armResult")), comparisons: list(ref("comparison")), "accuracyDifference?": ref("interval") },
  }),
};

const head = { $schema: "https://json-schema.org/draft/2020-12/schema", $defs } as const;

/** JSON Schema of a record. */
export const recordSchema: Schema = {
  ...head,
  title: "A measurement of energy by Swivel",
  ...object({
    format: { const: "swivel-energy" },
    version: { const: 1 },
    ...common,
    source: ref("source"),
    clock: ref("clock"),
    samples: ref("samples"),
    result: ref("result"),
  }),
};

/** JSON Schema of a file of marks. */
export const marksSchema: Schema = {
  ...head,
  title: "What a device did while its energy was recorded elsewhere",
  ...object({
    format: { const: "swivel-energy-marks" },
    version: { const: 1 },
    ...common,
    "battery?": list(object({ t: number, level: share, charging: flag })),
  }),
};
