/**
 * Places storages in one arena so that two that are in use at the same time never overlap: largest first, each at the lowest offset that is
 * free during its whole life (greedy by size; Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
 */
import type { Storage } from "./storage.ts";

/** Every storage starts at a multiple of this, and may be read (not written) this far beyond its end: whole vectors need no special tails. */
export const ALIGNMENT = 64;

export function paddedBytes(elements: number): number {
  return Math.ceil((4 * elements) / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
}

export interface Arena {
  /** Byte offset of each storage. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly bytes: number;
}

export function placeInArena(storages: Iterable<Storage>): Arena {
  const items = [...storages].map((storage) => ({ storage, bytes: paddedBytes(storage.size), offset: 0 }));
  items.sort((a, b) => b.bytes - a.bytes || a.storage.first - b.storage.first);
  const placed: typeof items = [];
  let bytes = 0;
  for (const item of items) {
    // `placed` stays sorted by offset: walk the gaps between those alive at the same time
    let offset = 0;
    for (const other of placed) {
      const together = other.storage.first <= item.storage.last && item.storage.first <= other.storage.last;
      if (!together) continue;
      if (other.offset - offset >= item.bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    item.offset = offset;
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, item);
    bytes = Math.max(bytes, offset + item.bytes);
  }
  return { offsets: new Map(items.map((item) => [item.storage.name, item.offset])), bytes };
}

/** One after another, none shared: for memory that lives as long as the executable. */
export function placeApart(storages: Iterable<Storage>): Arena {
  const offsets = new Map<string, number>();
  let bytes = 0;
  for (const storage of storages) {
    offsets.set(storage.name, bytes);
    bytes += paddedBytes(storage.size);
  }
  return { offsets, bytes };
}
