/** WebGPU's flags, as the specification numbers them: Node's package and workers do not always bring the globals. */
export const USAGE = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80, QUERY_RESOLVE: 0x200 } as const;
export const MAP_READ = 0x1;
export const COMPUTE_STAGE = 0x4;

/** Ranges of a buffer are bound at multiples of this: the default of both `min…BufferOffsetAlignment` limits. */
export const OFFSET_ALIGNMENT = 256;

export const alignUp = (bytes: number, to: number = OFFSET_ALIGNMENT): number => Math.ceil(bytes / to) * to;
