/** Does the job of a page of the benchmarks in a worker, where nothing waits for a frame and threads may wait for each other. */
import { type Job, type JobRecord, runJob } from "../cpu/jobs.ts";

export type WorkerAnswer = { readonly status: string } | { readonly error: string } | { readonly records: JobRecord<Job> };

const answer = (message: WorkerAnswer): void => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<Job>) => {
  try {
    answer({ records: await runJob(data, new URL("./", location.href), (status) => answer({ status })) });
  } catch (error) {
    answer({ error: String((error as Error)?.stack ?? error) });
  }
};
