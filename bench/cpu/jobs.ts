/** What a page of the benchmarks can be asked to measure. */
import { type InferenceJob, type InferenceRecord, measureInference, type Status } from "./inference.ts";

interface Records {
  inference: InferenceRecord[];
}

export type Job = InferenceJob;
export type JobRecord<J extends Job> = Records[J["kind"]];

/** `base`: address of the folder that bench/site.ts made. */
export async function runJob<J extends Job>(job: J, base: URL, status: Status): Promise<JobRecord<J>> {
  const run: { [K in Job["kind"]]: (job: never, base: URL, status: Status) => Promise<Records[K]> } = { inference: measureInference };
  return run[job.kind](job as never, base, status);
}
