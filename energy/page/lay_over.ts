/** Marks and a recording, dropped on the page, become the report there: nothing leaves the device. */
import { EnergyError } from "../../src/errors.ts";
import { readFirefox } from "../import/firefox.ts";
import { importRecording } from "../import/import.ts";
import type { Imported } from "../import/imported.ts";
import { readMeter } from "../import/meter.ts";
import { readPerfetto } from "../import/perfetto.ts";
import type { EnergyRecord, Marks } from "../record.ts";
import { readMarks } from "../validate.ts";

export interface Dropped {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const textOf = ({ bytes }: Dropped): string => new TextDecoder().decode(bytes);

/** Marks among the files; those of the run that has just ended otherwise. Throws EnergyError. */
export async function layOver(
  files: readonly Dropped[],
  last: Marks | undefined,
  options: { readonly batteryFull: boolean; readonly preset?: string },
): Promise<EnergyRecord> {
  const isMarks = (file: Dropped): boolean => /"swivel-energy-marks"/.test(new TextDecoder().decode(file.bytes.subarray(0, 1000)));
  const stated = files.find(isMarks);
  const marks = stated ? readMarks(textOf(stated)) : last;
  if (!marks) throw new EnergyError("E_FORMAT", "none of the files is a marks.json; drop it together with the recording");
  const recording = files.find((file) => file !== stated);
  if (!recording)
    throw new EnergyError("E_FORMAT", "there is no recording among the files; drop a meter's CSV, a Perfetto trace or a Firefox profile");
  return importRecording(marks, await read(recording, options.preset), options);
}

/** By what the file begins with, whatever it is called. */
async function read(file: Dropped, preset: string | undefined): Promise<Imported> {
  const head = new TextDecoder().decode(file.bytes.subarray(0, 64)).trimStart();
  if (head.startsWith("{")) return readFirefox(textOf(file));

  // control characters are in no table: the first byte of a trace is the tag of a packet, or gzip's mark
  if (file.bytes.subarray(0, 64).some((byte) => byte < 9 || (byte > 13 && byte < 32))) return readPerfetto(file.bytes);
  if (/\.(pftrace|perfetto-trace|trace|pb)(\.gz)?$/i.test(file.name)) return readPerfetto(file.bytes);
  return readMeter(textOf(file), preset === undefined ? {} : { preset });
}
