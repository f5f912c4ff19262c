/** What a page of the benchmarks can be asked to measure. */
import { type InferenceJob, type InferenceRecord, measureInference } from "./inference.ts";
import { measureSessions, type SessionsJob, type SessionsRecord } from "./sessions.ts";
import { measureTraining, type TrainingJob, type TrainingRecord } from "./training.ts";
import type { Status } from "./turns.ts";

interface Records {
  inference: InferenceRecord[];
  sessions: SessionsRecord;
  training: TrainingRecord;
}

export type Job = InferenceJob | SessionsJob | TrainingJob;
export type JobRecord<J extends Job> = Records[J["kind"]];

const measurements: { readonly [K in Job["kind"]]: (job: never, base: URL, status: Status) => Promise<Records[K]> } = {
  inference: measureInference,
  sessions: measureSessions,
  training: measureTraining,
};

/** `base`: address of the folder that bench/site.ts made. */
export async function runJob<J extends Job>(job: J, base: URL, status: Status): Promise<JobRecord<J>> {
  return (await measurements[job.kind](job as never, base, status)) as JobRecord<J>;
}
