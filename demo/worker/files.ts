/** What the page gives away and takes back: packed networks, ONNX, checkpoints, reports. */
import { type Model, ModelError, readModel } from "swivel-nn";
import { toOnnx } from "swivel-nn/onnx";
import type { ReportFile, Results } from "../shared/messages.ts";
import { defaults, readSettings, type Settings } from "../shared/settings.ts";
import { SETTINGS_INFO } from "./network.ts";
import { GRAPH_INFO, readOnnx } from "./onnx.ts";
import type { Work } from "./work.ts";

/** The packed network for other runtimes, with a note that lets this page read it back. */
export function onnxOf(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const { graph, tensors, preprocess, classNames, info } = readModel(packed);
  const note = JSON.stringify({ graph, preprocess, classNames, info });
  return toOnnx({ graph, tensors, preprocess, classNames, info: { ...info, [GRAPH_INFO]: note } });
}

export function reportOf({ settings, learning, curve }: Work, results: Results): Uint8Array<ArrayBuffer> {
  const report: ReportFile = { kind: "swivel report", version: 1, settings, results, learning, ...(curve && { curve }) };
  return new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`);
}

/** The settings that a packed network carries; the defaults where it carries none. */
export function settingsIn(model: Model): Settings {
  try {
    return { ...defaults, ...(JSON.parse(model.info?.[SETTINGS_INFO] ?? "{}") as Partial<Settings>) };
  } catch {
    return defaults;
  }
}

export type Dropped =
  | { readonly kind: "model"; readonly model: Model }
  | { readonly kind: "checkpoint"; readonly model: Model; readonly settings: Settings }
  | { readonly kind: "report"; readonly report: ReportFile };

/** A file that somebody brings back. Throws ModelError that says what is wrong with it. */
export function readDropped(name: string, bytes: Uint8Array): Dropped {
  if (/\.json$/i.test(name)) return { kind: "report", report: readReport(bytes) };
  if (/\.onnx$/i.test(name)) return { kind: "model", model: readOnnx(bytes) };
  const model = readModel(bytes);
  if (!model.training) return { kind: "model", model };
  return { kind: "checkpoint", model, settings: settingsOf(model) };
}

function settingsOf(model: Model): Settings {
  try {
    return readSettings(JSON.parse(model.info?.[SETTINGS_INFO] ?? "") as Record<string, unknown>);
  } catch {
    throw new ModelError(
      "E_FORMAT",
      'this checkpoint was not made by this page, which would not know its pictures; go on with it by "swivel train --resume"',
    );
  }
}

function readReport(bytes: Uint8Array): ReportFile {
  let json: Partial<ReportFile> | null = null;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as Partial<ReportFile> | null;
  } catch {
    // said below
  }
  if (json?.kind !== "swivel report" || !isResults(json.results))
    throw new ModelError("E_FORMAT", "this JSON file is no report of this page; drop report.json as it was downloaded");
  if (json.version !== 1)
    throw new ModelError("E_VERSION", `the report has version ${json.version}, this page reads 1; reload to update the page`);
  const learning = Array.isArray(json.learning) ? json.learning : [];
  return { kind: json.kind, version: 1, settings: readSettings({ ...json.settings }), results: json.results, learning };
}

/** Whether the numbers are there that the page shows. */
function isResults(json: unknown): json is ReportFile["results"] {
  const results = json as ReportFile["results"] | null | undefined;
  const facts = [results?.packed, ...(results?.dense ? [results.dense] : [])];
  const sound = facts.every((one) => [one?.accuracy, one?.params, one?.macs, one?.bytes].every((value) => Number.isFinite(value)));
  return sound && Array.isArray(results?.classNames) && typeof results?.timings === "object" && typeof results.machine === "object";
}
