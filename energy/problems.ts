/** What forbids a conclusion: idle power, clocks, the A/A run, totals that are none. */
import type { Analysable, ComparisonResult } from "./analyse.ts";
import { sumBetween } from "./trace.ts";
import { type Idle, tracesOf, type WindowEnergy } from "./windows.ts";

/** Idle power that changes by more, as a share of itself or of what the load adds, was no idle power. */
const MAX_IDLE_DRIFT = 0.1;
const MAX_DRIFT_OF_LOAD = 0.25;
const MIN_DRIFT_OF_LOAD = 0.025;
/** To compare a total with its parts over the whole run, both must be there. */
const MAX_LOST_OF_RUN = 0.1;

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** That idle power was not what it is taken for. */
export function idleProblems(idle: Idle | undefined, windows: readonly WindowEnergy[]): string[] {
  if (!idle) return ["idle power was not measured"];
  if (idle.trouble !== undefined) return [idle.trouble];
  if (idle.after === undefined || idle.drift === undefined)
    return ["idle power was not measured afterwards, so that its drift is not known"];
  const load = meanOf(windows.map(({ joules, seconds }) => joules / seconds)) - (idle.before + idle.after) / 2;
  // idle power that is next to nothing may change by all of it
  const tolerated = Math.max(MAX_IDLE_DRIFT * idle.before, MIN_DRIFT_OF_LOAD * Math.max(0, load));
  const [change, within] = [Math.max(0, Math.abs(idle.after - idle.before) - idle.blur), Math.max(...idle.within)];
  const text = `idle power went from ${idle.before.toPrecision(3)} W to ${idle.after.toPrecision(3)} W`;
  if (!(change <= tolerated)) return [`${text}, by more than ${tolerated.toPrecision(2)} W`];
  if (load > 0 && change > MAX_DRIFT_OF_LOAD * load)
    return [`${text}, by more than a quarter of what the load adds (${load.toPrecision(3)} W)`];
  if (within > tolerated) return [`idle power had not settled: it changed by ${within.toPrecision(2)} W while it was measured`];
  return [];
}

/** That windows may lie beside what was recorded of them. */
export function clockProblems({ clock, settings }: Analysable): string[] {
  const share = clock.uncertaintyMs / (1000 * settings.windowSeconds);
  return share > 0.02
    ? [`the two clocks fit to ${Math.round(clock.uncertaintyMs)} ms only, too little for windows of ${settings.windowSeconds} s`]
    : [];
}

/**
 * What the A/A run found is no effect of any network. Where its interval leaves 1 out, as one in twenty does by chance, a saving that is not clear of that
 * interval is none.
 */
export function nullProblems(comparisons: readonly ComparisonResult[]): string[] {
  const [none, saving] = (["null", "saving"] as const).map((name) => comparisons.find((it) => it.name === name));
  for (const of of ["gross", "net"] as const) {
    const [null_, found] = [none?.[of], saving?.[of]];
    if (!null_ || !found || (null_.low <= 1 && null_.high >= 1)) continue;
    if (found.high >= Math.min(1, null_.low) && found.low <= Math.max(1, null_.high)) {
      return [
        `the A/A run found a difference between A and itself (${null_.low.toFixed(3)} to ${null_.high.toFixed(3)}), and B's is not clear of it`,
      ];
    }
  }
  return [];
}

/** A total that counts less than a part of itself is none: some platforms wire psys to nothing. */
export function containmentProblems(record: Analysable): string[] {
  const { source, marks } = record;
  const [start, end] = [marks[0]?.start ?? 0, marks.at(-1)?.end ?? 0];
  const joulesOf = (id: string) => sumBetween(tracesOf(record, [id]), start, end);
  for (const { id, contains } of source.channels.filter((channel) => source.headline.includes(channel.id))) {
    const whole = joulesOf(id);
    for (const part of contains) {
      const inside = joulesOf(part);
      if (whole.lost > MAX_LOST_OF_RUN || inside.lost > MAX_LOST_OF_RUN || inside.joules <= 1.02 * whole.joules) continue;
      const counts = `${id} counted ${whole.joules.toPrecision(3)} J, and ${part}, which is a part of it, ${inside.joules.toPrecision(3)} J`;
      return [`${counts}: ${id} is not to be trusted here; measure by another --source`];
    }
  }
  return [];
}
