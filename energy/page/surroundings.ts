/** What a page knows of the device it runs on, and what keeps a run undisturbed there. */
import type { Device, Marks } from "../record.ts";

/** As much of the browser as is asked; some have none of it. */
interface BatteryManager extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}

interface Browser {
  readonly getBattery?: () => Promise<BatteryManager>;
  readonly userAgentData?: {
    getHighEntropyValues(names: readonly string[]): Promise<{ model?: string; platform?: string; platformVersion?: string }>;
  };
  readonly wakeLock?: { request(type: "screen"): Promise<{ release(): Promise<void> }> };
}

const browser = (): Browser => navigator as unknown as Browser;

export async function describeDevice(notes: readonly string[]): Promise<Device> {
  const hints = await browser()
    .userAgentData?.getHighEntropyValues(["model", "platform", "platformVersion"])
    .catch(() => undefined);
  const battery = await browser()
    .getBattery?.()
    .catch(() => undefined);
  return {
    ...(hints?.model && { model: hints.model }),
    ...(hints?.platform && { os: `${hints.platform} ${hints.platformVersion ?? ""}`.trim() }),
    browser: navigator.userAgent,
    ...(battery && { charge: battery.level, charging: battery.charging }),
    notes,
  };
}

/** What the battery shows, every few seconds and whenever it changes. */
export class BatteryLog {
  readonly levels: NonNullable<Marks["battery"]>[number][] = [];
  #stop = (): void => {};

  async start(now: () => number, everyMs = 10_000): Promise<void> {
    const battery = await browser()
      .getBattery?.()
      .catch(() => undefined);
    if (!battery) return;
    const write = (): void => void this.levels.push({ t: now(), level: battery.level, charging: battery.charging });
    const events = ["levelchange", "chargingchange"];
    for (const event of events) battery.addEventListener(event, write);
    const timer = setInterval(write, everyMs);
    write();
    this.#stop = () => {
      write();
      clearInterval(timer);
      for (const event of events) battery.removeEventListener(event, write);
    };
  }

  stop(): void {
    this.#stop();
    this.#stop = () => {};
  }
}

/** Keeps the screen on; says why not where it cannot. The lock is lost whenever the page is hidden, and so is the run. */
export async function keepAwake(): Promise<{ readonly release: () => Promise<void>; readonly trouble?: string }> {
  const release = async (): Promise<void> => {};
  if (!browser().wakeLock) {
    const why = globalThis.isSecureContext ? "this browser has no Wake Lock" : "Wake Lock needs https or localhost";
    return { release, trouble: `${why}: set the screen's time-out to its longest yourself` };
  }
  try {
    const lock = await browser().wakeLock?.request("screen");
    return { release: async () => void (await lock?.release()) };
  } catch (error) {
    return { release, trouble: `the screen cannot be kept on (${(error as Error).message}): set its time-out to its longest yourself` };
  }
}

/** Fires when the page is hidden: browsers slow hidden pages down. */
export function hiddenSignal(): AbortSignal {
  const controller = new AbortController();
  const check = (): void => {
    if (document.visibilityState === "hidden") controller.abort(new Error("the page was hidden"));
  };
  document.addEventListener("visibilitychange", check);
  check();
  return controller.signal;
}

/** A turn for events and timers, without the 4 ms that browsers put into timers in a row. */
export function makeBreathe(): () => Promise<void> {
  const channel = new MessageChannel();
  let done: (() => void) | undefined;
  channel.port1.onmessage = () => done?.();
  return () =>
    new Promise((resolve) => {
      done = resolve;
      channel.port2.postMessage(undefined);
    });
}
