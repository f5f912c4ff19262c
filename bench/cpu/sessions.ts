/** Several networks of Swivel's in turns, as a user's page would run them. */
import { Session } from "swivel-nn";
import { measure } from "swivel-nn/training";
import { AGREES, differenceFrom } from "../peers/compare.ts";
import { fetchBytes, noise } from "../peers/data.ts";
import type { ServedNetwork } from "../peers/networks.ts";
import { type Status, type TurnTimes, warmUp } from "./turns.ts";

/** Before each sample, for the caches: no threads of others spin here, and the closer turns lie together, the more alike they are. */
const LEAD_MS = 1;

export interface SessionsJob extends TurnTimes {
  readonly kind: "sessions";
  readonly networks: readonly ServedNetwork[];
  readonly simd: "relaxed" | "baseline";
  readonly rounds: number;
  /** One unless given. */
  readonly threads?: number;
  /** Where other builds of the library lie, from the page: each network runs on each of them, instead of on the one that the page is made of. */
  readonly builds?: readonly string[];
}

/** Milliseconds per inference at batch 1: a list for each network, and for each build of it, with a number for each round. */
export type SessionsRecord = readonly (readonly number[])[];

/** Throws Error where builds differ in their outputs. */
export async function measureSessions(job: SessionsJob, base: URL, status: Status): Promise<SessionsRecord> {
  const { networks, rounds, sampleMs, simd, threads = 1, builds } = job;
  const libraries: { readonly Session: typeof Session }[] = [];
  for (const build of builds ?? []) libraries.push(await import(new URL(build, base).href));
  const sessions: Session[] = [];
  try {
    const candidates: (() => Promise<unknown>)[] = [];
    for (const { name, title, shape } of networks) {
      const model = await fetchBytes(new URL(`networks/${name}.safetensors`, base));
      let expected: Float32Array | undefined;
      for (const library of builds ? libraries : [{ Session }]) {
        const session = await library.Session.load(model, { backend: "wasm", threads, simd, worker: false });
        sessions.push(session);
        const inputs = { [session.inputs[0]?.name as string]: noise(shape.reduce((a, b) => a * b, 1)) };
        const output = Object.values(await session.run(inputs))[0] as Float32Array;
        expected ??= output;
        const difference = differenceFrom(expected, output);
        if (!(difference <= AGREES)) throw new Error(`${title}: the builds' outputs differ by ${difference.toPrecision(2)} of the largest`);
        candidates.push(() => session.run(inputs));
      }
    }
    await warmUp(candidates, job);
    status(`${networks[0]?.title}${networks.length > 1 ? ` and ${networks.length - 1} more` : ""}: ${rounds} rounds`);
    return await measure.interleave(candidates, { rounds, sampleMs, leadMs: LEAD_MS });
  } finally {
    for (const session of sessions) session.dispose();
  }
}
