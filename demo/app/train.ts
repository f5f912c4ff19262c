/** The screen where a network is trained: buttons, figures, set-up, tiles and plots. */
import { type NetworkName, networks, readSettings, type Settings, writeSettings } from "../shared/settings.ts";
import { byId, el, say } from "./dom.ts";
import { DASH, duration, percent, plural } from "./format.ts";
import { FilterGrid } from "./grid.ts";
import { Histogram } from "./histogram.ts";
import { tell } from "./notices.ts";
import { LearningPlot } from "./plots.ts";
import { listen, type State, state, update } from "./store.ts";
import { studio } from "./studio.ts";

/** Milliseconds between two redraws of plots. */
const PLOT_EVERY = 250;

const WORDS: Readonly<Record<State["phase"], string>> = {
  starting: "Starting",
  failed: "Not available",
  ready: "Ready",
  loading: "Getting the pictures",
  training: "Training",
  paused: "Paused",
  weighing: "Measuring what a cut would cost",
  trained: "Trained. Now choose the cut.",
  tuning: "Fine-tuning what is left",
  "tuning-paused": "Fine-tuning paused",
  testing: "Testing both networks",
  done: "Done: cut, packed and compared",
};

const isRunning = ({ phase }: State): boolean => phase === "training" || phase === "tuning";
const isPaused = ({ phase }: State): boolean => phase === "paused" || phase === "tuning-paused";
const isBusy = (now: State): boolean => isRunning(now) || ["starting", "loading", "weighing", "testing"].includes(now.phase);

export function startTraining(): void {
  const grid = new FilterGrid(byId("grid"), "The filters appear here as soon as training begins.");
  const histogram = new Histogram(byId<HTMLCanvasElement>("histogram"));
  const plot = new LearningPlot(byId("plot-accuracy"));
  let drawn = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  const drawPlots = (): void => {
    clearTimeout(later);
    later = undefined;
    drawn = performance.now();
    plot.show(state.learning);
    const slopes = state.layers.flatMap(({ values }) => values);
    const reach = Math.max(1, ...slopes.map(Math.abs));
    const least = slopes.some((b) => b < -0.05) ? -Math.ceil(reach * 2) / 2 : 0;
    const most = Math.ceil(reach * 2) / 2;
    const ticks = [...new Set([least, 0, 0.5, 1, most])].sort((a, b) => a - b);
    histogram.show(slopes.length > 0 ? { values: slopes, from: least, to: most, ticks, inset: 8 } : undefined);
  };
  const plotSoon = (): void => {
    later ??= setTimeout(drawPlots, Math.max(0, PLOT_EVERY - (performance.now() - drawn)));
  };

  listen((now, changed) => {
    if (changed.has("layers")) grid.show(now.layers, { minimum: 0 });
    if (changed.has("layers") || changed.has("learning")) plotSoon();
    if (changed.has("phase") || changed.has("settings")) showButtons(now);
    showFigures(now);
  });
  bindButtons();
  bindSettings();
}

function showButtons(now: State): void {
  const button = byId<HTMLButtonElement>("train-button");
  say(button, now.phase === "ready" || now.phase === "starting" ? "Train" : "Train anew");
  button.disabled = isBusy(now) || now.phase === "failed";
  const pause = byId<HTMLButtonElement>("pause-button");
  say(pause, isPaused(now) ? "Resume" : "Pause");
  pause.disabled = !isRunning(now) && !isPaused(now);
  byId<HTMLButtonElement>("stop-button").disabled = pause.disabled;
  // what leads on stands out
  button.classList.toggle("primary", ["ready", "starting", "failed"].includes(now.phase));
  pause.classList.toggle("primary", isPaused(now));
  byId("to-cut").hidden = now.phase !== "trained";
  byId("to-compare").hidden = now.phase !== "done" || now.results === undefined;
}

function showFigures(now: State): void {
  const { phase, progress, learning, layers, settings } = now;
  const status = byId("status");
  status.dataset.phase = phase;
  const epochs = progress && isRunning(now) ? `, epoch ${progress.epoch} of ${progress.epochs}` : "";
  say(status, WORDS[phase] + epochs);
  const bar = byId<HTMLProgressElement>("progress");
  const share =
    phase === "ready" || phase === "starting" ? 0 : (progress?.share ?? (isPaused(now) ? bar.value : phase === "loading" ? 0 : 1));
  if (bar.value !== share) bar.value = share;
  const left = progress && isRunning(now) ? `about ${duration(progress.secondsLeft)} left` : "";
  say(byId("left"), left || "\u00a0");

  const last = learning.at(-1);
  const judged = learning.filter(({ validation }) => validation).at(-1);
  say(byId("accuracy-label"), judged ? "accuracy, held-out pictures" : "accuracy so far");
  say(byId("accuracy"), percent(judged?.validation?.accuracy ?? last?.accuracy));
  say(byId("loss"), last ? last.loss.toFixed(3) : DASH);
  const slopes = layers.flatMap(({ values }) => values);
  const standing = slopes.filter((b) => Math.abs(b) > 0.02).length;
  say(byId("standing"), slopes.length > 0 ? `${standing} of ${slopes.length}` : DASH);
  byId("own").hidden = settings.data !== "own";
}

function bindButtons(): void {
  byId("train-button").addEventListener("click", () => {
    byId<HTMLDetailsElement>("setup").open = false;
    studio.train(state.settings).catch(tell);
  });
  byId("pause-button").addEventListener("click", () => {
    if (isPaused(state)) studio.resume().catch(tell);
    else studio.pause().catch(tell);
  });
  byId("stop-button").addEventListener("click", () => studio.stop().catch(tell));
}

function bindSettings(): void {
  const form = byId<HTMLFormElement>("settings");
  const select = form.elements.namedItem("network") as HTMLSelectElement;
  for (const [value, label] of Object.entries(networks)) select.append(el("option", { value, textContent: label }));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const asked = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)]));
    update({ settings: readSettings({ ...state.settings, ...asked }) });
  });
  listen((now, changed) => {
    if (changed.has("settings")) showSettings(form, now.settings);
    if (changed.has("threads") || changed.has("webgpu") || changed.has("explanation")) showMachine(now);
  });
  showSettings(form, state.settings);
}

function showSettings(form: HTMLFormElement, settings: Settings): void {
  for (const [key, value] of Object.entries(settings)) {
    const field = form.elements.namedItem(key) as HTMLInputElement | RadioNodeList | null;
    if (field && field.value !== String(value)) field.value = String(value);
  }
  const { data, network, activation, l1, epochs, tune, held } = settings;
  say(byId("l1-value"), l1 === 0 ? "none" : l1.toFixed(3));
  say(byId("epochs-value"), String(epochs));
  say(byId("tune-value"), String(tune));
  say(byId("held-value"), percent(held, 0));
  byId("held-field").hidden = data !== "own";
  (form.elements.namedItem("l1") as HTMLInputElement).disabled = activation === "relu";
  const pictures = data === "own" ? "your pictures" : "Fashion-MNIST";
  say(byId("setup-words"), `${pictures}, ${networks[network as NetworkName].split(" (")[0]}, ${plural(epochs, "epoch")}`);
  const query = writeSettings(settings);
  const address = `${location.pathname}${query ? `?${query}` : ""}${location.hash}`;
  if (address !== location.pathname + location.search + location.hash) history.replaceState(null, "", address);
}

function showMachine({ threads, webgpu, explanation }: State): void {
  const trained = explanation
    ? `This training runs on ${explanation.backend === "webgpu" ? "the graphics processor" : "the processor"}, in ${plural(explanation.threads, "thread")}. `
    : "";
  say(byId("machine-words"), `${trained}Threads: ${threads.count}, since ${threads.why}. WebGPU: ${webgpu || "not looked for yet"}.`);
}
