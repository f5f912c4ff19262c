/** Random damage to model files, for tests that whatever comes in leads to a model or to a SwivelError. `next` gives numbers in [−1, 1). */
import { redescribe } from "./helpers.ts";

/** Flips, overwrites, removes, doubles or swaps some bytes; half of the changes hit the header, where they hurt. */
export function damageBytes(bytes: Uint8Array, next: () => number): Uint8Array {
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const int = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const place = () => (next() < 0 ? int(bytes.length) : int(8 + headerLength));
  const digits = new TextEncoder().encode('0123456789-+eE.[]{}":,Nntf');
  let out = bytes.slice();
  for (let changes = 1 + int(4); changes > 0; changes--) {
    const at = place() % out.length;
    const kind = int(6);
    if (kind === 0) out[at] = (out[at] ?? 0) ^ (1 << int(8));
    else if (kind === 1) out[at] = int(256);
    else if (kind === 2) out[at] = digits[int(digits.length)] ?? 0;
    else if (kind === 3) out.copyWithin(at, place() % out.length, (place() % out.length) + int(64));
    else if (kind === 4) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + int(8))]);
    else out = Uint8Array.from([...out.subarray(0, at + int(40)), ...out.subarray(at)]);
    // the length keeps its sense more often than not, so that the mutations behind it are reached
    if (next() < 0.8)
      new DataView(out.buffer).setBigUint64(0, BigInt(Math.max(0, headerLength + (next() < 0 ? out.length - bytes.length : 0))), true);
  }
  return out;
}

const REPLACEMENTS: unknown[] = [
  0,
  -1,
  1.5,
  2 ** 31,
  1e300,
  "",
  "N",
  "toString",
  "image",
  "logits",
  null,
  true,
  [],
  [1, 2],
  {},
  { a: 1 },
  [["N"]],
];

/** Walks to a random place of the graph's JSON, then replaces, removes, copies or scales what stands there. */
export function damageGraph(file: Uint8Array, next: () => number): Uint8Array {
  const int = (n: number) => Math.floor(((next() + 1) / 2) * n);
  return redescribe(file, (description) => {
    let parent: Record<string, unknown> = description;
    let key = "graph";
    for (;;) {
      const child = parent[key];
      if (typeof child !== "object" || child === null || Object.keys(child).length === 0 || next() > 0.9) break;
      parent = child as Record<string, unknown>;
      key = Object.keys(parent)[int(Object.keys(parent).length)] as string;
    }
    const kind = int(4);
    if (kind === 0) parent[key] = REPLACEMENTS[int(REPLACEMENTS.length)];
    else if (kind === 1) delete parent[key];
    else if (kind === 2) parent[Object.keys(parent)[int(Object.keys(parent).length)] as string] = parent[key];
    else if (typeof parent[key] === "number") parent[key] = (parent[key] as number) * 2 ** int(40);
    else parent[`${key}1`] = parent[key];
  });
}
