/** The page on which a phone or any browser measures: choose networks, run, take marks.json along, drop the recording, see the report. */

import { SwivelError } from "../../src/errors.ts";
import { PRESETS } from "../import/columns.ts";
import type { Feed, NetworkFile } from "../protocol/network.ts";
import { defaultSettings, secondsOf } from "../protocol/settings.ts";
import { anyOf } from "../protocol/signals.ts";
import type { ArmName, EnergyRecord, Marks, Settings } from "../record.ts";
import { duration } from "../report/format.ts";
import { html } from "../report/html.ts";
import { renderReport } from "../report/render.ts";
import { type Dropped, layOver } from "./lay_over.ts";
import { measureOnPage } from "./measure.ts";

/** What the page for phones is told by what it is part of. */
export interface EnergyPageOptions {
  /** What writes the marks, with its version. */
  readonly tool: string;
  /** Networks that are there already; the page asks for the others. */
  readonly models?: Readonly<Partial<Record<"A" | "B" | "C", NetworkFile>>>;
  readonly feed?: Feed;
  readonly settings?: Partial<Settings>;
  /** Told when a run has ended. */
  readonly onMarks?: (marks: Marks) => void | Promise<void>;
}

const FILES = {
  A: "Network A, to compare with",
  B: "Network B, that should need less",
  C: "Control, cut at random to the size of B (optional)",
} as const;

const NUMBERS: readonly (readonly [name: keyof Settings, label: string, step: number])[] = [
  ["pairs", "Pairs of A and B", 2],
  ["nullPairs", "Pairs of A and A again", 2],
  ["windowSeconds", "Seconds of a window", 1],
  ["idleSeconds", "Seconds of idling before and after", 1],
  ["rate", "Inferences per second, at a fixed rate", 1],
];

function form({ models = {}, settings }: EnergyPageOptions): string {
  const values = { ...defaultSettings, rate: 10, ...settings };
  const files = (Object.keys(FILES) as (keyof typeof FILES)[]).map((arm) => {
    const there = models[arm];
    return html`<label>${FILES[arm]} ${there ? html`<b>${there.name}</b>` : html`<input type="file" name="${arm}" accept=".safetensors">`}</label>`;
  });
  const numbers = NUMBERS.map(
    ([name, label, step]) =>
      html`<label>${label} <input type="number" inputmode="decimal" name="${name}" value="${String(values[name])}" min="0" step="${step}"></label>`,
  );
  return html`<form novalidate>
<fieldset><legend>What to compare</legend>${files}</fieldset>
<fieldset><legend>How</legend>
<label>Mode <select name="mode"><option value="work">one inference after the other</option><option value="rate">at a fixed rate</option></select></label>
<label>Backend <select name="backend"><option>auto</option><option>wasm</option><option>webgpu</option></select></label>${numbers}</fieldset>
<p data-is="time"></p>
<p><button type="submit">Measure</button> <button type="button" data-is="stop" hidden>Stop and keep what was measured</button></p>
</form>
<p role="status" data-is="status"></p><progress max="1" value="0" hidden></progress><ul data-is="notes"></ul><p data-is="links"></p>
<form data-is="drop"><fieldset><legend>Recording</legend>
<p>Drop the recording of the meter, of Perfetto or of Firefox here, with marks.json if it is of another run. Nothing leaves this device.</p>
<label>Files <input type="file" name="files" multiple></label>
<label>Logger <select name="preset"><option value="">by the table’s head</option>${Object.keys(PRESETS).map((name) => html`<option>${name}</option>`)}</select></label>
<label><input type="checkbox" name="full"> Behind the meter the battery was full all the time</label></fieldset></form>
<iframe data-is="report" title="Report" sandbox hidden></iframe>`.markup;
}

/** Fills `root` with the page; returns what takes it away again. */
export function mountEnergyPage(root: HTMLElement, options: EnergyPageOptions): () => void {
  root.innerHTML = form(options);
  const part = <T extends HTMLElement>(name: string): T => root.querySelector(`[data-is="${name}"]`) as T;
  const [runForm, dropForm] = [root.querySelector("form") as HTMLFormElement, part<HTMLFormElement>("drop")];
  const [status, links, stop, bar] = [
    part("status"),
    part("links"),
    part<HTMLButtonElement>("stop"),
    root.querySelector("progress") as HTMLProgressElement,
  ];
  const urls: string[] = [];
  const leave = new AbortController();
  let last: Marks | undefined;
  let running: AbortController | undefined;

  const say = (text: string): void => {
    status.textContent = text;
  };
  const note = (text: string): void => {
    const item = document.createElement("li");
    item.textContent = text;
    part("notes").append(item);
  };
  const offer = (name: string, type: string, contents: string): void => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([contents], { type }));
    urls.push(link.href);
    link.download = name;
    link.textContent = `Save ${name}`;
    links.append(link, " ");
  };
  const failed = (error: unknown): void => say(error instanceof SwivelError ? error.message : `unexpected: ${String(error)}`);

  const settingsNow = (): Partial<Settings> => {
    const data = new FormData(runForm);
    const numbers = Object.fromEntries(NUMBERS.map(([name]) => [name, Number(data.get(name))]));
    const mode = data.get("mode") === "rate" ? "rate" : "work";
    return { ...options.settings, ...numbers, mode };
  };
  const tellTime = (): void => {
    const seconds = secondsOf({ ...defaultSettings, sync: true, ...settingsNow() });
    part("time").textContent =
      `About ${duration(seconds)}. Start the recording first. Keep this page in front, the screen as bright as it is, and the device where it lies.`;
  };

  const chosen = async (arm: "A" | "B" | "C"): Promise<NetworkFile | undefined> => {
    const there = options.models?.[arm];
    const file = (runForm.elements.namedItem(arm) as HTMLInputElement | null)?.files?.[0];
    return there ?? (file && { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  };

  const run = async (): Promise<void> => {
    const [a, b, c] = [await chosen("A"), await chosen("B"), await chosen("C")];
    if (!a || !b) return say("Choose two networks first.");
    running = new AbortController();
    const models: Partial<Record<ArmName, NetworkFile>> & { A: NetworkFile; B: NetworkFile } = { A: a, B: b, ...(c && { C: c }) };
    part("notes").replaceChildren();
    links.replaceChildren();
    stop.hidden = false;
    bar.hidden = false;
    try {
      last = await measureOnPage({
        models,
        ...(options.feed && { feed: options.feed }),
        settings: settingsNow(),
        backend: new FormData(runForm).get("backend") as "auto" | "wasm" | "webgpu",
        tool: options.tool,
        signal: anyOf(running.signal, leave.signal),
        onProgress({ what, done, total, secondsLeft }) {
          bar.value = total > 0 ? done / total : 0;
          say(`${what}: ${done} of ${total} windows, ${duration(secondsLeft)} left`);
        },
        onNote: note,
      });
      offer("marks.json", "application/json", JSON.stringify(last));
      await options.onMarks?.(last);
      say(
        last.interrupted
          ? "Stopped: what was measured is kept."
          : "Done. Stop the recording, save marks.json, and drop the recording below.",
      );
    } catch (error) {
      failed(error);
    } finally {
      running = undefined;
      stop.hidden = true;
      bar.hidden = true;
    }
  };

  const show = (record: EnergyRecord): void => {
    const page = renderReport(record);
    const frame = part<HTMLIFrameElement>("report");
    frame.hidden = false;
    frame.srcdoc = page;
    say(record.result.verdict);
    offer("energy.json", "application/json", JSON.stringify(record));
    offer("energy.html", "text/html", page);
  };
  const take = async (list: Iterable<File>): Promise<void> => {
    try {
      const files: Dropped[] = [];
      for (const file of list) files.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
      if (files.length === 0) return;
      const data = new FormData(dropForm);
      const preset = String(data.get("preset") ?? "");
      show(await layOver(files, last, { batteryFull: data.get("full") === "on", ...(preset && { preset }) }));
    } catch (error) {
      failed(error);
    }
  };

  const listen = (target: EventTarget, type: string, action: (event: Event) => void): void =>
    target.addEventListener(type, action, { signal: leave.signal });
  listen(runForm, "input", tellTime);
  listen(runForm, "submit", (event) => {
    event.preventDefault();
    if (!running) void run();
  });
  listen(stop, "click", () => running?.abort(new Error("stopped")));
  listen(dropForm, "submit", (event) => event.preventDefault());
  listen(
    dropForm.elements.namedItem("files") as HTMLInputElement,
    "change",
    (event) => void take((event.target as HTMLInputElement).files ?? []),
  );
  listen(root, "dragover", (event) => event.preventDefault());
  listen(root, "drop", (event) => {
    event.preventDefault();
    void take((event as DragEvent).dataTransfer?.files ?? []);
  });
  tellTime();
  return () => {
    leave.abort(new Error("the page was left"));
    for (const url of urls) URL.revokeObjectURL(url);
    root.replaceChildren();
  };
}
