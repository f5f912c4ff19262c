/** The studio, in its worker. */
import * as Comlink from "comlink";
import { READY } from "../shared/messages.ts";
import type { StudioApi } from "../worker/studio.ts";
import { notice } from "./notices.ts";
import { hear, restoreFrom, update } from "./store.ts";

const worker = new Worker(new URL("./studio.js", import.meta.url), { type: "module", name: "swivel studio" });
export const studio = Comlink.wrap<StudioApi>(worker);

/** WebKit loses what is sent to a worker before its modules have run: so it says when they have. */
export const studioReady = new Promise<void>((resolve) => {
  worker.addEventListener("message", ({ data }) => {
    if (data === READY) resolve();
  });
});

worker.onerror = (event) => {
  update({ phase: "failed" });
  notice(`The part that computes did not start: ${event.message || "its script could not be loaded"}. Reload the page.`);
};

/** Opens what the last visit has left. */
export async function openStudio(): Promise<void> {
  await studioReady;
  const snapshot = await studio.open(
    Comlink.proxy((event) => {
      if (event.kind === "notice") notice(event.text);
      hear(event);
    }),
  );
  restoreFrom(snapshot);
}

/** Hands pictures over instead of copying them. */
export const handOver = Comlink.transfer;
