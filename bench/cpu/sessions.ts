/** Several networks of Swivel's in turns, as a user's page would run them. */
import { Session } from "swivel-nn";
import { measure } from "swivel-nn/training";
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
}

/** Milliseconds per inference at batch 1 by one thread: a list for each network, a number for each round. */
export type SessionsRecord = readonly (readonly number[])[];

export async function measureSessions(job: SessionsJob, base: URL, status: Status): Promise<SessionsRecord> {
  const { networks, rounds, sampleMs, simd } = job;
  const sessions: Session[] = [];
  try {
    const candidates: (() => Promise<unknown>)[] = [];
    for (const { name, shape } of networks) {
      const model = await fetchBytes(new URL(`networks/${name}.safetensors`, base));
      const session = await Session.load(model, { backend: "wasm", threads: 1, simd, worker: false });
      sessions.push(session);
      const inputs = { [session.inputs[0]?.name as string]: noise(shape.reduce((a, b) => a * b, 1)) };
      candidates.push(() => session.run(inputs));
    }
    await warmUp(candidates, job);
    status(`${networks[0]?.title}${networks.length > 1 ? ` and ${networks.length - 1} more` : ""}: ${rounds} rounds`);
    return await measure.interleave(candidates, { rounds, sampleMs, leadMs: LEAD_MS });
  } finally {
    for (const session of sessions) session.dispose();
  }
}
