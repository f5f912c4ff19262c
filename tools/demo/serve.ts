/** `npm run demo`: builds the web app and serves it on http://127.0.0.1:4173, with the headers that isolate it and its policy. */
import { serve } from "../browser.ts";
import { build } from "../build.ts";
import { isMain } from "../is_main.ts";
import { buildDemo, energyPolicy, outdir } from "./build.ts";

const PORT = 4173;

/** What any of the pages needs; each says itself, in its head, what of that it does without. */
export const demoHeaders = { "Content-Security-Policy": `${energyPolicy}; frame-ancestors 'none'`, "X-Content-Type-Options": "nosniff" };

if (isMain(import.meta.url)) {
  await build();
  await buildDemo();
  const { url } = await serve(outdir, { isolated: true, headers: demoHeaders, port: PORT, likeHosts: true });
  console.log(`${url}/  (the files lie in build/demo; Ctrl-C ends it)`);
}
