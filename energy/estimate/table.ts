/** Published energies per operation, as data with their sources. What a network would take on such a chip is an estimate, and no measurement. */

/** Energy of one access of 64 bits to a memory of up to so many bytes, in picojoules. */
export interface MemoryLevel {
  readonly name: string;
  readonly upToBytes: number;
  readonly low: number;
  readonly high: number;
}

/** What single operations take, in picojoules, and who says so. */
export interface EnergyTable {
  readonly source: string;
  /** Picojoules. */
  readonly multiply: number;
  readonly add: number;
  /** The smallest first. */
  readonly memory: readonly MemoryLevel[];
  readonly accessBytes: number;
}

/** Published energies of single operations, by name. */
export const ENERGY_TABLES = {
  horowitz2014: {
    source: "M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014, figure 1.1.9: 45 nm, 0.9 V",
    multiply: 3.7,
    add: 0.9,
    accessBytes: 8,
    memory: [
      { name: "cache of 8 kB", upToBytes: 8 * 1024, low: 10, high: 10 },
      { name: "cache of 32 kB", upToBytes: 32 * 1024, low: 20, high: 20 },
      { name: "cache of 1 MB", upToBytes: 1024 * 1024, low: 100, high: 100 },
      { name: "DRAM", upToBytes: Number.POSITIVE_INFINITY, low: 1300, high: 2600 },
    ],
  },
} as const satisfies Readonly<Record<string, EnergyTable>>;
