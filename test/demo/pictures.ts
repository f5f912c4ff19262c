/** Pictures of three things that differ clearly, no two alike: discs, stripes and crosses, in any colour, at any place. */
import { encode } from "fast-png";
import { Random } from "../../training/random.ts";

export const KINDS = ["disc", "stripes", "cross"] as const;
const SIDE = 64;

export interface Picture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly pixels: { readonly width: number; readonly height: number; readonly data: Uint8Array };
}

export function pictureOf(kind: (typeof KINDS)[number], index: number): Picture {
  const random = new Random(`${kind} ${index}`);
  const colour = (light: number) => [0, 1, 2].map(() => light + random.int(90));
  const dark = random.int(2) === 0;
  const [ground, ink] = dark ? [colour(10), colour(160)] : [colour(160), colour(10)];
  const [x, y] = [22 + random.int(20), 22 + random.int(20)];
  const size = 12 + random.int(8);
  const width = 4 + random.int(3);
  const inside: Record<(typeof KINDS)[number], (dx: number, dy: number) => boolean> = {
    disc: (dx, dy) => Math.hypot(dx, dy) < size,
    stripes: (_, dy) => Math.floor((dy + SIDE) / width) % 2 === 0,
    cross: (dx, dy) => (Math.abs(dx) < width || Math.abs(dy) < width) && Math.abs(dx) < size + 4 && Math.abs(dy) < size + 4,
  };
  const data = new Uint8Array(4 * SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const from = inside[kind](column - x, row - y) ? ink : ground;
      data.set([...from.map((value) => Math.min(255, value + random.int(24))), 255], 4 * (row * SIDE + column));
    }
  }
  return {
    name: `${kind}_${String(index).padStart(2, "0")}.png`,
    bytes: encode({ width: SIDE, height: SIDE, data, channels: 4, depth: 8 }),
    pixels: { width: SIDE, height: SIDE, data },
  };
}
