/** The screen where both networks look at the same picture, and where their figures stand side by side. */
import type { Explanation } from "swivel-nn";
import type { NetworkFacts, Prediction, Results, Timing } from "../shared/messages.ts";
import { frameOf, startCamera } from "./camera.ts";
import { byId, el, say } from "./dom.ts";
import { bytes, DASH, milliseconds, percent, plural, points, setBadge, short } from "./format.ts";
import { notice, tell } from "./notices.ts";
import { listen, type State, state } from "./store.ts";
import { handOver, studio } from "./studio.ts";

type Source = "test" | "draw" | "camera";

/** Milliseconds between two frames of the camera that are looked at, and classes that are shown. */
const FRAME_EVERY = 120;
const SHOWN = 5;
const EASEL = 280;

export function startCompare(): void {
  const easel = new Easel();
  listen((now, changed) => {
    if (changed.has("results")) showFacts(now.results);
    if (changed.has("results") || changed.has("explanation") || changed.has("webgpu")) showBackends(now);
    const arrived = changed.has("phase") && now.phase === "done" && now.results !== undefined;
    if (arrived) void easel.choose(easel.source);
    byId<HTMLButtonElement>("measure").disabled = now.phase !== "done" || now.results === undefined;
  });
  byId("measure").addEventListener("click", () => {
    say(byId("backend-words"), "Measuring, both networks in turns…");
    studio.measureAgain().catch(tell);
  });
}

function showFacts(results: Results | undefined): void {
  const { dense, packed, saved, difference, timings, tested = 0 } = results ?? {};
  const side = (name: "dense" | "packed", facts: NetworkFacts | undefined, ms: number | undefined): void => {
    say(byId(`accuracy-${name}`), percent(facts?.accuracy));
    say(byId(`macs-${name}`), short(facts?.macs));
    say(byId(`params-${name}`), short(facts?.params));
    say(byId(`bytes-${name}`), bytes(facts?.bytes));
    say(byId(`ms-${name}`), milliseconds(ms));
    const why = "median of one picture on the processor, one thread, both networks in turns";
    const kind = (known: boolean) => (known ? "measured" : results ? "unavailable" : undefined);
    setBadge(
      byId(`accuracy-${name}-badge`),
      kind(facts !== undefined && Number.isFinite(facts.accuracy)),
      `on ${plural(tested, "test picture")}`,
    );
    for (const key of ["macs", "params", "bytes"]) setBadge(byId(`${key}-${name}-badge`), kind(facts !== undefined), "counted in the file");
    setBadge(byId(`ms-${name}-badge`), ms !== undefined ? "measured" : results ? "unavailable" : undefined, why);
  };
  const wasm = timings && "packed" in timings.wasm ? timings.wasm : undefined;
  side("dense", dense, wasm?.dense);
  side("packed", packed, wasm?.packed);
  say(byId("saved-macs"), percent(saved?.macs));
  say(byId("saved-params"), percent(saved?.params));
  const ratio = wasm?.ratio;
  for (const [id, known] of Object.entries({ "saved-macs": saved, "saved-params": saved, faster: ratio }))
    setBadge(byId(`${id}-badge`), known ? "measured" : results ? "unavailable" : undefined, "from both files");
  say(byId("faster"), ratio ? `${(1 / ratio.value).toFixed(2)} ×` : DASH);
  say(byId("faster-words"), ratio ? `as fast (95 % interval ${(1 / ratio.high).toFixed(2)} to ${(1 / ratio.low).toFixed(2)})` : "as fast");
  const about = tested > 0 ? `Accuracies on ${plural(tested, "test picture")} that no training has seen. ` : "";
  const gap = difference
    ? `The packed network is ${points(difference.value)} from the other (95 % interval ${points(difference.low)} to ${points(difference.high)}); it was also fine-tuned, the other was not.`
    : "";
  const alone = results && !dense ? "Only a packed network was opened, so there is nothing to compare it with." : "";
  const made = results ? ` ${results.machine.date}, ${results.machine.browser}, ${plural(results.machine.cores, "core")}.` : "";
  say(byId("difference"), about + gap + alone + made);
}

function showBackends({ results, explanation, phase, webgpu }: State): void {
  const body = byId("timings").querySelector("tbody") as HTMLElement;
  const rows = (["wasm", "webgpu"] as const).map((name): HTMLElement => {
    const timing: Timing = results?.timings[name] ?? {
      unavailable: name === "webgpu" && webgpu.startsWith("unavailable") ? webgpu.slice(13) : "not measured yet",
    };
    const label = name === "wasm" ? "WebAssembly" : "WebGPU";
    const badge = el("span", { className: "badge" });
    const head = el("th", { scope: "row", textContent: label });
    if ("unavailable" in timing) {
      setBadge(badge, "unavailable", timing.unavailable);
      return el("tr", {}, head, el("td", { colSpan: 2, className: "why", textContent: timing.unavailable }), el("td", {}, badge));
    }
    setBadge(badge, "measured", "medians, both networks in turns");
    return el(
      "tr",
      {},
      head,
      el("td", { textContent: milliseconds(timing.dense) }),
      el("td", { textContent: milliseconds(timing.packed) }),
      el("td", {}, badge),
    );
  });
  body.replaceChildren(...rows);
  const wasm = results?.timings.wasm;
  const where = wasm && "explanation" in wasm ? inWords(wasm.explanation) : "";
  const trained = explanation
    ? ` It was trained on ${explanation.backend === "webgpu" ? "WebGPU" : "WebAssembly"} in ${plural(explanation.threads, "thread")}: ${explanation.threadsWhy}.`
    : "";
  say(byId("backend-words"), where + trained || (phase === "done" ? "" : "Nothing runs yet."));
}

/** What `explain()` says, for people. */
function inWords({ simd, threads, steps, bytes: memory, macs }: Explanation): string {
  const level = simd === "relaxed" ? "with fused multiply-adds" : "with plain SIMD, since this browser has no fused multiply-adds yet";
  const work = `${plural(steps, "step")} and ${short(macs)} multiply-adds a picture, ${bytes(memory.weights + memory.activations)} of memory`;
  return `The packed network runs as WebAssembly ${level}, here in ${plural(threads, "thread")} so that times compare: ${work}.`;
}

/** The picture that both look at: a test picture, a drawing, or what the camera shows. */
class Easel {
  source: Source = "test";
  readonly #canvas = byId<HTMLCanvasElement>("easel");
  readonly #video = byId<HTMLVideoElement>("compare-video");
  #index = Math.floor(Math.random() * 500);
  #stopCamera: (() => void) | undefined;
  #asking = false;
  #again = false;

  constructor() {
    for (const chip of document.querySelectorAll<HTMLButtonElement>("[data-input]"))
      chip.addEventListener("click", () => void this.choose(chip.dataset.input as Source));
    byId("another").addEventListener("click", () => {
      if (this.source === "test") {
        this.#index++;
        void this.#showTest();
      } else this.#clear();
    });
    this.#bindDrawing();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.source === "camera") void this.choose("test");
    });
    this.#clear();
  }

  async choose(source: Source): Promise<void> {
    this.#stopCamera?.();
    this.#stopCamera = undefined;
    this.source = source;
    for (const chip of document.querySelectorAll<HTMLButtonElement>("[data-input]"))
      chip.setAttribute("aria-pressed", String(chip.dataset.input === source));
    this.#video.hidden = source !== "camera";
    this.#canvas.hidden = source === "camera";
    this.#canvas.parentElement?.classList.toggle("drawing", source === "draw");
    const another = byId<HTMLButtonElement>("another");
    another.hidden = source === "camera";
    say(another, source === "draw" ? "Clear" : "Another picture");
    if (source === "test") await this.#showTest();
    if (source === "draw") this.#clear();
    if (source === "camera") await this.#startCamera();
  }

  async #showTest(): Promise<void> {
    const picture = await studio.testPicture(this.#index);
    if (!picture || this.source !== "test") return;
    const image = new ImageData(picture.data, picture.width, picture.height);
    Object.assign(this.#canvas, { width: picture.width, height: picture.height });
    this.#canvas.getContext("2d")?.putImageData(image, 0, 0);
    say(byId("taste-words"), `A test picture that no training has seen: ${picture.label}.`);
    show(await studio.predict({ width: picture.width, height: picture.height, data: picture.data }), picture.label);
  }

  #clear(): void {
    Object.assign(this.#canvas, { width: EASEL, height: EASEL });
    const context = this.#canvas.getContext("2d") as CanvasRenderingContext2D;
    context.fillStyle = "#000";
    context.fillRect(0, 0, EASEL, EASEL);
    if (this.source !== "draw") return;
    say(
      byId("taste-words"),
      state.settings.data === "fashion"
        ? "Draw a shirt, a shoe, a bag: white on black, as the pictures are."
        : "Draw with a finger or the mouse.",
    );
    show(undefined);
  }

  #bindDrawing(): void {
    const canvas = this.#canvas;
    let last: { x: number; y: number } | undefined;
    const at = (event: PointerEvent) => {
      const box = canvas.getBoundingClientRect();
      return { x: ((event.clientX - box.left) / box.width) * EASEL, y: ((event.clientY - box.top) / box.height) * EASEL };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (this.source !== "draw") return;
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last || this.source !== "draw") return;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const next = at(event);
      Object.assign(context, { strokeStyle: "#fff", lineWidth: 26, lineCap: "round" });
      context.beginPath();
      context.moveTo(last.x, last.y);
      context.lineTo(next.x, next.y);
      context.stroke();
      last = next;
      void this.#ask();
    });
    for (const end of ["pointerup", "pointercancel"] as const)
      canvas.addEventListener(end, () => {
        last = undefined;
      });
  }

  /** One question at a time; of strokes that come meanwhile, the last one counts. */
  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      do {
        this.#again = false;
        const bitmap = await createImageBitmap(this.#canvas);
        show(await studio.predict(handOver(bitmap, [bitmap])));
      } while (this.#again);
    } catch (error) {
      tell(error);
    } finally {
      this.#asking = false;
    }
  }

  async #startCamera(): Promise<void> {
    try {
      this.#stopCamera = await startCamera(this.#video);
    } catch (error) {
      notice((error as Error).message, { name: "camera" });
      return this.choose("test");
    }
    say(byId("taste-words"), "What the camera shows goes to both networks and nowhere else.");
    while (this.source === "camera" && this.#stopCamera) {
      const frame = await frameOf(this.#video);
      show(await studio.predict(handOver(frame, [frame])));
      await new Promise((resolve) => setTimeout(resolve, FRAME_EVERY));
    }
  }
}

function show(prediction: Prediction | undefined, truth?: string): void {
  const root = byId("guesses");
  const names = state.results?.classNames ?? [];
  if (!prediction) {
    root.replaceChildren();
    return;
  }
  const { dense, packed } = prediction;
  const order = packed.shares.map((share, i) => [Math.max(share, dense?.shares[i] ?? 0), i] as const).sort((a, b) => b[0] - a[0]);
  const meter = (share: number, className: string, label: string): HTMLElement => {
    const found = el("meter", { min: 0, max: 1, value: share, className });
    found.setAttribute("aria-label", `${label} ${percent(share, 0)}`);
    return found;
  };
  const rows = order.slice(0, SHOWN).map(([, i]) => {
    const name = names[i] ?? `class ${i}`;
    const shares = [dense?.shares[i], packed.shares[i]].map((share) => percent(share, 0)).join(" · ");
    const label = el(
      "span",
      {},
      el("span", { textContent: name === truth ? `${name} ✓` : name }),
      el("span", { className: "quiet", textContent: shares }),
    );
    const bars = [
      ...(dense ? [meter(dense.shares[i] ?? 0, "dense", `${name}, before the cut:`)] : []),
      meter(packed.shares[i] ?? 0, "packed", `${name}, packed:`),
    ];
    return el("div", { className: "guess" }, label, ...bars);
  });
  root.replaceChildren(el("p", { className: "quiet", textContent: dense ? "grey: before the cut, coloured: packed" : "" }), ...rows);
}
