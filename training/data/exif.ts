/** The one thing that a JPEG's EXIF block says about its pixels: which way up they are. Phones store portraits lying down. */
import type { Pixels } from "../../src/model/pixels.ts";

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation, 1 to 8, in an APP1 segment's content; undefined where there is none (or it is not EXIF, or is damaged). */
export function orientationOf(segment: Uint8Array): number | undefined {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  if (segment.length < 14 || view.getUint32(0) !== 0x45786966 || view.getUint16(4) !== 0) return undefined; // "Exif\0\0"
  const tiff = 6;
  const order = view.getUint16(tiff);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > segment.length) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > segment.length) return undefined;
    if (view.getUint16(entry, little) !== ORIENTATION || view.getUint16(entry + 2, little) !== SHORT) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** For each orientation: does the stored picture's row run along the upright one's column (transposed), and from which ends. */
const TURNS: Readonly<Record<number, { transposed: boolean; right: boolean; bottom: boolean }>> = {
  1: { transposed: false, right: false, bottom: false },
  2: { transposed: false, right: true, bottom: false },
  3: { transposed: false, right: true, bottom: true },
  4: { transposed: false, right: false, bottom: true },
  5: { transposed: true, right: false, bottom: false },
  6: { transposed: true, right: true, bottom: false },
  7: { transposed: true, right: true, bottom: true },
  8: { transposed: true, right: false, bottom: true },
};

/** The picture turned and mirrored to how it should be seen. `right` and `bottom`: the stored first pixel lies on that side of the upright one. */
export function upright(picture: Pixels, orientation: number): Pixels {
  const turn = TURNS[orientation];
  if (!turn || orientation === 1) return picture;
  const width = turn.transposed ? picture.height : picture.width;
  const height = turn.transposed ? picture.width : picture.height;
  const data = new Uint8Array(picture.data.length);
  let from = 0;
  for (let sy = 0; sy < picture.height; sy++) {
    for (let sx = 0; sx < picture.width; sx++, from += 4) {
      const x = turn.transposed ? sy : sx;
      const y = turn.transposed ? sx : sy;
      const to = ((turn.bottom ? height - 1 - y : y) * width + (turn.right ? width - 1 - x : x)) * 4;
      for (let i = 0; i < 4; i++) data[to + i] = picture.data[from + i]!;
    }
  }
  return { width, height, data };
}
