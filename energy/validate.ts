/** Reads records and marks that somebody else wrote: against the schema first, then whether they hold together, then whether the result follows. */
import { EnergyError } from "../src/errors.ts";
import { analyse } from "./analyse.ts";
import type { EnergyRecord, Marks } from "./record.ts";
import { marksSchema, recordSchema, type Schema } from "./schema.ts";

/** Where `value` departs from the schema, with the path; undefined where it does not. */
export function mismatch(value: unknown, schema: Schema, root: Schema = schema, path = ""): string | undefined {
  const here = path === "" ? "the document" : path.slice(1);
  if (schema.$ref !== undefined) return mismatch(value, root.$defs?.[schema.$ref.replace("#/$defs/", "")] as Schema, root, path);
  if ("const" in schema && value !== schema.const) return `${here} is ${shown(value)}, not ${shown(schema.const)}`;
  if (schema.enum && !schema.enum.includes(value)) return `${here} is ${shown(value)}, not one of ${schema.enum.join(", ")}`;
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    if (!types.some((type) => isOfType(value, type))) return `${here} is ${shown(value)}, not of type ${types.join(" or ")}`;
  }
  if (typeof value === "number") {
    if (value < (schema.minimum ?? value)) return `${here} is ${value}, less than ${schema.minimum}`;
    if (value > (schema.maximum ?? value)) return `${here} is ${value}, more than ${schema.maximum}`;
  }
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? value.length))
      return `${here} has ${value.length} items`;
    const { items } = schema;
    return items && first(value.map((item, i) => () => mismatch(item, items, root, `${path}.${i}`)));
  }
  if (typeof value === "object" && value !== null) return mismatchOfObject(value as Record<string, unknown>, schema, root, path);
  return undefined;
}

function mismatchOfObject(value: Record<string, unknown>, schema: Schema, root: Schema, path: string): string | undefined {
  const absent = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (absent !== undefined) return `${path === "" ? "the document" : path.slice(1)} has no "${absent}"`;
  const { properties = {}, additionalProperties } = schema;
  return first(
    Object.entries(value).map(([name, item]) => () => {
      const its = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      return its && mismatch(item, its, root, `${path}.${name}`);
    }),
  );
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type && (type !== "number" || Number.isFinite(value));
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 40);

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EnergyError("E_FORMAT", `${what} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function checkVersion(value: unknown, format: string, what: string): void {
  const { format: found, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (found !== format)
    throw new EnergyError("E_FORMAT", `the format of ${what} is ${shown(found)}, not "${format}"; give the file that Swivel wrote`);
  if (typeof version === "number" && version > 1)
    throw new EnergyError("E_VERSION", `${what} is of version ${version}, and this Swivel knows 1; update Swivel`);
}

/** Throws EnergyError E_FORMAT or E_VERSION, naming the place in the document. */
export function readRecord(json: string): EnergyRecord {
  const value = parse(json, "the record");
  checkVersion(value, "swivel-energy", "the record");
  const wrong = mismatch(value, recordSchema) ?? loose(value as EnergyRecord);
  if (wrong !== undefined) throw new EnergyError("E_FORMAT", `the record does not follow docs/energy.schema.json: ${wrong}`);
  return value as EnergyRecord;
}

/** Throws EnergyError E_FORMAT or E_VERSION, naming the place in the document. */
export function readMarks(json: string): Marks {
  const value = parse(json, "the marks");
  checkVersion(value, "swivel-energy-marks", "the marks");
  const wrong = mismatch(value, marksSchema) ?? disorder((value as Marks).marks);
  if (wrong !== undefined) throw new EnergyError("E_FORMAT", `the marks do not follow docs/energy.schema.json: ${wrong}`);
  return value as Marks;
}

/** What a schema cannot say. */
function loose({ samples, source, marks }: EnergyRecord): string | undefined {
  const ids = source.channels.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) return `there are two channels "${twice}"`;
  const stranger = source.headline.find((id) => !ids.includes(id));
  if (stranger !== undefined) return `the headline names "${stranger}", and there is no such channel`;
  const overlap = source.channels.find(
    ({ id, contains }) => source.headline.includes(id) && contains.some((part) => source.headline.includes(part)),
  );
  if (overlap) return `the headline counts "${overlap.id}" and a part of it`;
  const short = ids.find((id) => (samples.values[id]?.length ?? -1) !== samples.t.length);
  if (short !== undefined) return `"${short}" has ${samples.values[short]?.length ?? "no"} readings for ${samples.t.length} times`;
  return disorder(marks);
}

function disorder(marks: Marks["marks"]): string | undefined {
  const backwards = marks.findIndex(({ start, end }, i) => !(end >= start) || start < (marks[i - 1]?.end ?? Number.NEGATIVE_INFINITY) - 1);
  return backwards < 0 ? undefined : `marks.${backwards} ends before it starts, or begins before the one before it ended`;
}

/** A hair's breadth: engines differ in the last digits of logarithms. */
const CLOSE = 1e-9;

/** Makes the result anew from the raw readings; says where it differs from the one that is stated. */
export function differences(record: EnergyRecord): string[] {
  const found: string[] = [];
  const compare = (stated: unknown, own: unknown, path: string): void => {
    if (typeof stated === "number" && typeof own === "number") {
      if (Math.abs(stated - own) > CLOSE * Math.max(1, Math.abs(own)))
        found.push(`${path} is stated as ${stated}, and the readings give ${own}`);
    } else if (typeof stated === "object" && typeof own === "object" && stated !== null && own !== null) {
      for (const name of new Set([...Object.keys(stated), ...Object.keys(own)])) {
        compare((stated as Record<string, unknown>)[name], (own as Record<string, unknown>)[name], `${path}.${name}`);
      }
    } else if (stated !== own) found.push(`${path} is stated as ${shown(stated)}, and the readings give ${shown(own)}`);
  };
  compare(record.result, JSON.parse(JSON.stringify(analyse(record))), "result");
  return found;
}
