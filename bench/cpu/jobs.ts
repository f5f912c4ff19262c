/** What a page of the benchmarks can be asked to measure. */
import { type InferenceJob, type InferenceRecord, measureInference } from "./inference.ts";
import { measureSessions, type SessionsJob, type SessionsRecord } from "./sessions.ts";
import { measureStart, type StartJob, type StartRecord } from "./start.ts";
import { measureTraining, type TrainingJob, type TrainingRecord } from "./training.ts";
import type { Status } from "./turns.ts";

interface Records {
  inference: InferenceRecord[];
  sessions: SessionsRecord;
  start: StartRecord;
  training: TrainingRecord;
}

export type Job = InferenceJob | SessionsJob | StartJob | TrainingJob;
export type JobRecord<J extends Job> = Records[J["kind"]];

const measurements: { readonly [K in Job["kind"]]: (job: never, base: URL, status: Status) => Promise<Records[K]> } = {
  inference: measureInference,
  sessions: measureSessions,
  start: measureStart,
  training: measureTraining,
};

/** `base`: address of the folder that bench/site.ts made. */
export async function runJob<J extends Job>(job: J, base: URL, status: Status): Promise<JobRecord<J>> {
  return (await measurements[job.kind](job as never, base, status)) as JobRecord<J>;
}
