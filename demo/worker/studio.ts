/** The worker behind the page: it trains, cuts, tests and keeps; the page only draws. */
import * as Comlink from "comlink";
import { type Model, readModel, SwivelError, writeModel } from "swivel-nn";
import { type Backend, type Dataset, measure, prune } from "swivel-nn/training";
import {
  type Phase,
  type Prediction,
  READY,
  type ReportFile,
  type Results,
  type Snapshot,
  type StudioEvent,
  type TestPicture,
} from "../shared/messages.ts";
import { defaults, type Settings } from "../shared/settings.ts";
import { Comparison, pictureOf, sampleImage, timeBoth } from "./compare.ts";
import { scoresOf, selectAt, weigh } from "./curve.ts";
import { openData } from "./data.ts";
import { onnxOf, readDropped } from "./files.ts";
import { machine, threadsHere, webgpuHere } from "./machine.ts";
import { factsOf, hitsOf, layersOf, newModel, openSession, pack, shareOf } from "./network.ts";
import { Pictures, square } from "./pictures.ts";
import { openBackend, Run, type RunHooks, type Stage, warmUp } from "./run.ts";
import { Storage } from "./storage.ts";
import { noWork, restore, type Work, withPoint } from "./work.ts";

/** Milliseconds between two writes of what is not a checkpoint. */
const KEEP_EVERY = 2000;

class Studio {
  readonly #storage = new Storage((storage) => this.#tell({ kind: "storage", storage }));
  readonly #pictures = new Pictures(this.#storage);
  #hear: (event: StudioEvent) => void = () => {};
  #work: Work = noWork;
  #run: Run | undefined;
  #backend: Backend | undefined;
  #dataset: Promise<Dataset> | undefined;
  #comparison: Promise<Comparison> | undefined;
  #dense: Uint8Array | undefined;
  #packed: Uint8Array | undefined;
  /** Of the training that has ended, also where there is no storage. */
  #checkpoint: Uint8Array | undefined;
  #kept = 0;
  /** What runs now; the next thing waits for it. */
  #busy: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> | undefined;

  /** Once, at the start: what there is from the last visit. */
  async open(onEvent: (event: StudioEvent) => void): Promise<Snapshot> {
    this.#hear = onEvent;
    await this.#pictures.restore();
    this.#work = await restore(this.#storage);
    const { phase, settings, learning, layers, curve, threshold, results } = this.#work;
    if (phase === "done") this.#packed = await this.#storage.read<Uint8Array>("packed");
    if (phase === "weighing")
      this.#exclusive(async () => this.#weigh(await this.#trained())).catch((error) =>
        this.#tell({ kind: "notice", text: wordsOf(error) }),
      );
    return {
      phase,
      ...(phase !== "ready" && { settings }),
      learning,
      layers,
      ...(curve && { curve }),
      ...(threshold !== undefined && { threshold }),
      ...(results && { results }),
      classes: this.#pictures.summary,
      storage: this.#storage.state,
      threads: threadsHere(),
      webgpu: await webgpuHere(),
    };
  }

  /** Loads what this device will train and run with; returns the names of all scripts that were loaded, to be kept for use without a network. */
  async warm(): Promise<string[]> {
    await warmUp();
    return performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.split("/").at(-1) ?? "");
  }

  /** Trains from the first step, then measures the curve of the cut. Resolves when that is done, or paused. */
  train(settings: Settings): Promise<void> {
    return this.#exclusive(async () => {
      await this.#forget();
      this.#atError = "ready";
      this.#work = { ...noWork, settings };
      this.#enter("loading");
      const dataset = await this.#data();
      const model = newModel(settings, dataset);
      await this.#begin("training", model, model);
      await this.#advance();
    });
  }

  pause(): void {
    this.#run?.pause();
  }

  /** Goes on with the training that was paused, or that an earlier visit has left. */
  resume(andStop = false): Promise<void> {
    return this.#exclusive(async () => {
      const { phase } = this.#work;
      if (phase !== "paused" && phase !== "tuning-paused") return;
      if (!this.#run) {
        const stage: Stage = phase === "paused" ? "training" : "tuning";
        const file = await this.#storage.read<Uint8Array>(stage);
        if (!file) throw new SwivelError("E_NOT_FOUND", "the checkpoint is gone from the browser's storage; train anew");
        this.#enter("loading");
        await this.#begin(stage, file, readModel(file));
      }
      if (andStop) this.#run?.stop();
      await this.#advance();
    });
  }

  /** Ends the training under way where it stands, and goes on with what it has learned. */
  async stop(): Promise<void> {
    const { phase } = this.#work;
    this.#run?.stop();
    if (phase === "paused" || phase === "tuning-paused") await this.resume(true);
  }

  /** Cuts at a threshold, fine-tunes, packs and tests. */
  cut(threshold: number): Promise<void> {
    return this.#exclusive(async () => {
      this.#atError = "trained";
      const trained = await this.#trained();
      const scores = await scoresOf(trained);
      const { survivors } = selectAt(trained, scores, threshold);
      const { report: _, ...small } = prune.cut(trained.graph, trained.tensors, survivors);
      const { results: __, ...rest } = this.#work;
      this.#work = { ...rest, learning: rest.learning.filter(({ stage }) => stage === "training"), threshold };
      const model: Model = { ...trained, ...small };
      await this.#storage.remove("tuning", "packed");
      await this.#begin("tuning", model, model);
      await this.#advance();
    });
  }

  async predict(picture: ImageBitmap | { width: number; height: number; data: Uint8ClampedArray }): Promise<Prediction | undefined> {
    const pixels = picture instanceof ImageBitmap ? square(picture) : picture;
    if (picture instanceof ImageBitmap) picture.close();
    if (!this.#packed) return undefined;
    this.#comparison ??= this.#openComparison(this.#packed);
    try {
      return await (await this.#comparison).predict(pixels);
    } catch (error) {
      // other networks took their place meanwhile
      if (error instanceof SwivelError && error.code === "E_DISPOSED") return undefined;
      throw error;
    }
  }

  async testPicture(index: number): Promise<TestPicture | undefined> {
    if (this.#work.phase === "ready" && !this.#packed) return undefined;
    try {
      return pictureOf(await this.#data(), index);
    } catch {
      return undefined;
    }
  }

  /** Times both networks again. */
  measureAgain(): Promise<void> {
    return this.#exclusive(async () => {
      const { results } = this.#work;
      if (!results || !this.#packed) return;
      this.#show({ ...results, timings: await this.#timings(this.#packed, await this.#densePacked()), machine: machine() });
    });
  }

  async addPictures(name: string, bitmaps: ImageBitmap[]) {
    await this.#pictures.add(name, bitmaps);
    this.#dataset = undefined;
    return this.#pictures.summary;
  }

  async renameClass(from: string, to: string) {
    await this.#pictures.rename(from, to);
    this.#dataset = undefined;
    return this.#pictures.summary;
  }

  async removeClass(name: string) {
    await this.#pictures.remove(name);
    this.#dataset = undefined;
    return this.#pictures.summary;
  }

  /** The bytes of a download. */
  async download(what: "model" | "onnx" | "checkpoint" | "report"): Promise<Uint8Array> {
    const { settings, results, learning, curve } = this.#work;
    const missing = (which: string) => new SwivelError("E_NOT_FOUND", `there is no ${which} yet; train, and cut`);
    if (what === "checkpoint") {
      await this.#writing;
      const file = await (this.#run?.stage === "training"
        ? this.#run.checkpoint()
        : (this.#checkpoint ?? this.#storage.read<Uint8Array>("training")));
      if (!file) throw missing("checkpoint");
      return file;
    }
    if (!this.#packed || !results) throw missing("packed network");
    if (what === "model") return this.#packed;
    if (what === "onnx") return onnxOf(this.#packed);
    const report: ReportFile = { kind: "swivel report", version: 1, settings, results, learning, ...(curve && { curve }) };
    return new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`);
  }

  /** Takes back a file that was downloaded; returns what it was. */
  take(name: string, bytes: Uint8Array): Promise<{ kind: "model" | "checkpoint" | "report"; settings?: Settings }> {
    return this.#exclusive(async () => {
      const dropped = readDropped(name, bytes);
      if (dropped.kind === "checkpoint") {
        await this.#forget();
        this.#work = { ...noWork, settings: dropped.settings, layers: layersOf(dropped.model.graph, dropped.model.tensors as never) };
        await this.#storage.write("training", bytes);
        this.#tell({ kind: "layers", layers: this.#work.layers });
        this.#enter("paused");
        return { kind: "checkpoint" as const, settings: dropped.settings };
      }
      if (dropped.kind === "report") {
        const { settings, results, learning } = dropped.report;
        await this.#forget();
        this.#work = { ...noWork, settings, learning, results };
        this.#tell({ kind: "results", results });
        this.#enter("ready");
        return { kind: "report" as const, settings };
      }
      await this.#open(pack(dropped.model), dropped.model);
      return { kind: "model" as const };
    });
  }

  /** Saves what is under way: the page is hidden or about to go. */
  async keep(): Promise<void> {
    await this.#keep(true);
    await this.#writing;
  }

  /** Forgets everything that is kept, one's own pictures too. */
  reset(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#forget();
      for (const { name } of this.#pictures.summary) await this.#pictures.remove(name);
      await this.#storage.remove("pictures");
      this.#enter("ready");
    });
  }

  /** Where the work stands after an error. */
  #atError: Phase = "ready";

  /** One thing at a time: what was under way is paused. After an error the work stands where it stood. */
  async #exclusive<T>(job: () => Promise<T>): Promise<T> {
    this.#run?.pause();
    const before = this.#busy;
    const { promise, resolve } = deferred();
    this.#busy = promise;
    await before;
    this.#atError = this.#work.phase;
    try {
      return await job();
    } catch (error) {
      this.#run?.dispose();
      this.#run = undefined;
      if (this.#work.phase !== this.#atError) this.#enter(this.#atError);
      throw new Error(wordsOf(error));
    } finally {
      resolve();
    }
  }

  async #begin(stage: Stage, from: Model | Uint8Array, model: Model): Promise<void> {
    const dataset = await this.#data();
    this.#backend?.dispose();
    const { backend } = await openBackend(this.#work.settings, model);
    this.#backend = backend;
    this.#run?.dispose();
    this.#run = await Run.open(from, { stage, settings: this.#work.settings, dataset, backend, hooks: this.#hooks(stage) });
  }

  /** Runs the training that is open, and what follows when it has ended. */
  async #advance(): Promise<void> {
    const run = this.#run as Run;
    this.#enter(run.stage);
    this.#tell({ kind: "backend", explanation: run.explain() });
    const start = performance.now();
    const end = await run.go();
    // by now it is known how many threads it took
    this.#tell({ kind: "backend", explanation: run.explain() });
    this.#work = { ...this.#work, active: this.#work.active + performance.now() - start };
    if (end === "paused") {
      this.#write(run.stage, await run.checkpoint());
      return this.#enter(run.stage === "training" ? "paused" : "tuning-paused");
    }
    const [model, checkpoint] = [await run.model(), await run.checkpoint()];
    if (run.stage === "training") this.#checkpoint = checkpoint;
    await this.#storage.write(run.stage, checkpoint);
    run.dispose();
    this.#run = undefined;
    if (run.stage === "tuning") return this.#test(model);
    await this.#storage.write("trained", writeModel(model));
    this.#memory = model;
    await this.#weigh(model);
  }

  async #weigh(trained: Model): Promise<void> {
    this.#enter("weighing");
    const start = performance.now();
    const dataset = await this.#data();
    for await (const curve of weigh(trained, dataset)) {
      this.#work = { ...this.#work, curve };
      this.#tell({ kind: "curve", curve, done: false });
    }
    const { curve } = this.#work;
    if (curve) this.#tell({ kind: "curve", curve, done: true });
    this.#work = { ...this.#work, active: this.#work.active + performance.now() - start };
    this.#enter("trained");
  }

  /** Packs what was tuned, and tests it beside the network before the cut. */
  async #test(tuned: Model): Promise<void> {
    this.#enter("testing");
    const start = performance.now();
    const dataset = await this.#data();
    const { curve, threshold, settings } = this.#work;
    const [packed, dense] = [pack(tuned), pack(await this.#trained())];
    const hits = { packed: await this.#hits(packed, dataset), dense: await this.#hits(dense, dataset) };
    const facts = { packed: factsOf(packed, shareOf(hits.packed)), dense: factsOf(dense, shareOf(hits.dense)) };
    const saved = (key: "params" | "macs" | "bytes"): number => 1 - facts.packed[key] / facts.dense[key];
    const point = curve?.points.filter((one) => one.threshold <= (threshold ?? 0) + 1e-12).at(-1);
    this.#closeComparison();
    this.#packed = packed;
    this.#dense = dense;
    const timings = await this.#timings(packed, dense);
    this.#work = { ...this.#work, active: this.#work.active + performance.now() - start };
    this.#show({
      data: dataset.name,
      classNames: dataset.classNames,
      tested: dataset.test.count,
      ...facts,
      saved: { params: saved("params"), macs: saved("macs"), bytes: saved("bytes") },
      difference: measure.pairedDifference(hits.packed, hits.dense),
      ...(curve && point && { alive: point.alive, channels: curve.channels }),
      ...(threshold !== undefined && { threshold }),
      timings,
      machine: machine(),
      seconds: this.#work.active / 1000,
    });
    await this.#storage.write("packed", packed);
    this.#enter("done");
    this.#tell({ kind: "layers", layers: layersOf(tuned.graph, tuned.tensors as never) });
    if (settings.data === "own" && dataset.test.count < 50)
      this.#tell({
        kind: "notice",
        text: `${dataset.test.count} test pictures say little about the accuracy: more pictures, better figures.`,
      });
  }

  /** A network that was brought: packed, and with nothing to compare it with but its data, where that is known. */
  async #open(packed: Uint8Array, model: Model): Promise<void> {
    await this.#forget();
    this.#packed = packed;
    this.#work = { ...noWork, settings: settingsIn(model) };
    const dataset = await this.#data().catch(() => undefined);
    const fits = dataset !== undefined && sameShape(model, dataset);
    const accuracy = fits ? shareOf(await this.#hits(packed, dataset)) : Number.NaN;
    this.#show({
      data: fits ? dataset.name : "unknown",
      classNames: model.classNames ?? [],
      tested: fits ? dataset.test.count : 0,
      packed: factsOf(packed, accuracy),
      timings: await this.#timings(packed, undefined),
      machine: machine(),
    });
    await this.#storage.write("packed", packed);
    this.#enter("done");
  }

  async #hits(file: Uint8Array, dataset: Dataset): Promise<Uint8Array> {
    const session = await openSession(file, "wasm");
    try {
      return await hitsOf(session, dataset, dataset.test);
    } finally {
      session.dispose();
    }
  }

  async #timings(packed: Uint8Array, dense: Uint8Array | undefined): Promise<Results["timings"]> {
    const pair = { packed, ...(dense && { dense }) };
    const { preprocess } = readModel(packed);
    const numbers = preprocess ? preprocess.channels * preprocess.height * preprocess.width : 0;
    const image = sampleImage(this.#dataset && (await this.#dataset.catch(() => undefined)), numbers);
    const sound = image.length === numbers ? image : new Float32Array(numbers);
    return { wasm: await timeBoth(pair, "wasm", sound), webgpu: await timeBoth(pair, "webgpu", sound) };
  }

  #memory: Model | undefined;

  async #trained(): Promise<Model> {
    if (this.#memory) return this.#memory;
    const file = await this.#storage.read<Uint8Array>("trained");
    if (!file) throw new SwivelError("E_NOT_FOUND", "the trained network is gone from the browser's storage; train anew");
    this.#memory = readModel(file);
    return this.#memory;
  }

  async #densePacked(): Promise<Uint8Array | undefined> {
    if (!this.#dense && this.#work.results?.dense) this.#dense = await this.#trained().then(pack, () => undefined);
    return this.#dense;
  }

  async #openComparison(packed: Uint8Array): Promise<Comparison> {
    const dense = await this.#densePacked();
    return Comparison.open({ packed, ...(dense && { dense }) });
  }

  #closeComparison(): void {
    void this.#comparison?.then((comparison) => comparison.dispose());
    this.#comparison = undefined;
  }

  #data(): Promise<Dataset> {
    this.#dataset ??= openData(this.#work.settings, this.#pictures);
    this.#dataset.catch(() => {
      this.#dataset = undefined;
    });
    return this.#dataset;
  }

  #hooks(stage: Stage): RunHooks {
    return {
      onPoint: (point) => {
        this.#work = { ...this.#work, learning: withPoint(this.#work.learning, point) };
        this.#tell({ kind: "learning", point });
        void this.#keep(false);
      },
      onLayers: (layers) => {
        this.#work = { ...this.#work, layers };
        this.#tell({ kind: "layers", layers });
      },
      onProgress: (progress) => this.#tell({ kind: "progress", ...progress }),
      onCheckpoint: (file) => this.#write(stage, file),
      onRecovered: (text) => this.#tell({ kind: "notice", text }),
    };
  }

  /** A training does not wait for the disk; of checkpoints that come while one is written, the last one counts. */
  #write(stage: Stage, file: Uint8Array): void {
    const before = this.#writing ?? Promise.resolve();
    this.#waiting = { stage, file };
    this.#writing = before.then(async () => {
      const next = this.#waiting;
      if (!next) return;
      this.#waiting = undefined;
      await this.#storage.write(next.stage, next.file);
    });
  }

  #waiting: { stage: Stage; file: Uint8Array } | undefined;

  async #keep(now: boolean): Promise<void> {
    if (!now && performance.now() - this.#kept < KEEP_EVERY) return;
    this.#kept = performance.now();
    await this.#storage.write("work", this.#work);
  }

  async #forget(): Promise<void> {
    this.#run?.dispose();
    this.#run = undefined;
    this.#backend?.dispose();
    this.#backend = undefined;
    this.#closeComparison();
    this.#memory = undefined;
    this.#checkpoint = undefined;
    this.#dense = undefined;
    this.#packed = undefined;
    this.#dataset = undefined;
    this.#waiting = undefined;
    await this.#writing;
    this.#work = { ...noWork, settings: this.#work.settings ?? defaults };
    await this.#storage.remove("work", "training", "trained", "tuning", "packed");
  }

  #show(results: Results): void {
    this.#work = { ...this.#work, results };
    this.#tell({ kind: "results", results });
    void this.#keep(true);
  }

  #enter(phase: Phase): void {
    this.#work = { ...this.#work, phase };
    this.#tell({ kind: "phase", phase });
    void this.#keep(true);
  }

  #tell(event: StudioEvent): void {
    this.#hear(event);
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** An error as a person reads it: without its code. */
function wordsOf(error: unknown): string {
  if (error instanceof SwivelError) return error.message.slice(error.code.length + 1);
  return (error as Error | undefined)?.message ?? String(error);
}

function settingsIn(model: Model): Settings {
  try {
    return { ...defaults, ...(JSON.parse(model.info?.settings ?? "{}") as Partial<Settings>) };
  } catch {
    return defaults;
  }
}

function sameShape({ preprocess, classNames }: Model, dataset: Dataset): boolean {
  const { channels, height, width } = preprocess ?? {};
  const same = channels === dataset.channels && height === dataset.height && width === dataset.width;
  return same && classNames?.join("\n") === dataset.classNames.join("\n");
}

export type StudioApi = Studio;

Comlink.expose(new Studio());
postMessage(READY);
