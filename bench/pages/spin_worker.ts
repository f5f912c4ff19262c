/** A helper of the register-only loop: see ../cpu/spin.ts. */
import { CALL, DONE, instantiateSpin, type SpinStart } from "../cpu/spin.ts";

self.onmessage = async ({ data: { module, shared, turns } }: MessageEvent<SpinStart>) => {
  const { spin } = await instantiateSpin(module);
  let seen = 0;
  self.postMessage("ready");
  for (;;) {
    Atomics.wait(shared, CALL, seen);
    seen = Atomics.load(shared, CALL);
    spin(turns);
    Atomics.add(shared, DONE, 1);
  }
};
