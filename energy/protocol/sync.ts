/**
 * A pattern of load by which the clock of a meter is found that shares none with the device: Barker's sequence of 13, which resembles no shifted copy of
 * itself. Load for a 1, rest for a 0, and rest on both sides.
 */

const BARKER = [1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1] as const;
/** Long enough for meters that log once a second. */
export const CHIP_SECONDS = 2;
const REST_CHIPS = 2;

export const SYNC_CHIPS: readonly number[] = [...Array<number>(REST_CHIPS).fill(0), ...BARKER, ...Array<number>(REST_CHIPS).fill(0)];
export const SYNC_SECONDS = SYNC_CHIPS.length * CHIP_SECONDS;
