/** The page of the benchmarks on CPUs: takes a job to a worker, or does it in the window, where users can run things too. */
import { type Job, type JobRecord, runJob } from "../cpu/jobs.ts";
import type { WorkerAnswer } from "./cpu_worker.ts";

export type Place = "worker" | "window";

async function measure(job: Job, place: Place): Promise<JobRecord<Job>> {
  if (!crossOriginIsolated) throw new Error("the page is not cross-origin isolated: the clock is coarse, and there are no threads");
  const status = (text: string) => console.info(text);
  if (place === "window") return runJob(job, new URL("./", location.href), status);
  const worker = new Worker(new URL("./cpu_worker.js", location.href), { type: "module" });
  try {
    return await new Promise<JobRecord<Job>>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message || "the worker's script could not be loaded"));
      worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        if ("status" in data) status(data.status);
        else if ("error" in data) reject(new Error(data.error));
        else resolve(data.records);
      };
      worker.postMessage(job);
    });
  } finally {
    worker.terminate();
  }
}

declare global {
  interface Window {
    measure: typeof measure;
  }
}
window.measure = measure;
