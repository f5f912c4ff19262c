/** The page that `swivel energy phone` serves: the networks and images come from there, and the marks go back. */
import type { Feed, NetworkFile } from "../protocol/network.ts";
import type { Settings } from "../record.ts";
import { mountEnergyPage } from "./mount.ts";

/** What the server has, at `offer.json`. */
export interface Offer {
  readonly tool: string;
  readonly models: Readonly<Partial<Record<"A" | "B" | "C", string>>>;
  readonly settings: Partial<Settings>;
  readonly feed?: { readonly name?: string; readonly count: number; readonly labels?: readonly number[] };
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function start(root: HTMLElement): Promise<void> {
  const offer = (await (await get("offer.json")).json()) as Offer;
  const models: Partial<Record<"A" | "B" | "C", NetworkFile>> = {};
  for (const [arm, name] of Object.entries(offer.models)) {
    models[arm as "A" | "B" | "C"] = { name, bytes: new Uint8Array(await (await get(`models/${arm}`)).arrayBuffer()) };
  }
  const feed = offer.feed && (await fetchFeed(offer.feed));
  mountEnergyPage(root, {
    ...{ tool: offer.tool, models, settings: offer.settings },
    ...(feed && { feed }),
    async onMarks(marks) {
      await fetch("marks.json", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(marks) });
    },
  });
}

async function fetchFeed({ name, count, labels }: NonNullable<Offer["feed"]>): Promise<Feed> {
  const all = new Float32Array(await (await get("feed.bin")).arrayBuffer());
  const size = all.length / count;
  const images = Array.from({ length: count }, (_, i) => all.subarray(i * size, (i + 1) * size));
  return { images, ...(name !== undefined && { name }), ...(labels && { labels }) };
}

const root = document.querySelector("main") as HTMLElement;
start(root).catch((error: unknown) => {
  root.textContent = `The page could not start: ${String(error)}`;
});
