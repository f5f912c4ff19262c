/** Script of a helping thread in a browser: waits for its start message, says that it is ready, and serves. */
import { serve, type ThreadStart } from "./threads.ts";

self.onmessage = (event: MessageEvent<ThreadStart>) => {
  self.postMessage("ready");
  serve(event.data);
};
