/** Joules on this device: the network before the cut and the packed one, where this browser keeps them, else files. */
import { createStore, get } from "idb-keyval";
import { mountEnergyPage } from "swivel-nn/energy";

/** What the studio keeps (worker/storage.ts). Nothing where there is no storage. */
async function kept(key: "trained" | "packed"): Promise<Uint8Array | undefined> {
  try {
    return await get<Uint8Array>(key, createStore("swivel-demo", "work"));
  } catch {
    return undefined;
  }
}

const [before, packed] = await Promise.all([kept("trained"), kept("packed")]);
mountEnergyPage(document.querySelector("#energy") as HTMLElement, {
  tool: "swivel-nn, web app",
  models: {
    ...(before && { A: { name: "before the cut", bytes: before } }),
    ...(packed && { B: { name: "packed", bytes: packed } }),
  },
});
