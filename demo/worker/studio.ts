/** The worker behind the page: it trains, cuts, tests and keeps; the page only draws. */
import * as Comlink from "comlink";
import { type Model, readModel, SwivelError, writeModel } from "swivel-nn";
import { type Backend, type Dataset, prune } from "swivel-nn/training";
import { type Phase, type Prediction, READY, type Results, type Snapshot, type StudioEvent, type TestPicture } from "../shared/messages.ts";
import { defaults, type Settings } from "../shared/settings.ts";
import { pictureOf } from "./compare.ts";
import { scoresOf, selectAt, weigh } from "./curve.ts";
import { openData } from "./data.ts";
import { onnxOf, readDropped, reportOf, settingsIn } from "./files.ts";
import { Keeping } from "./keeping.ts";
import { threadsHere, webgpuHere } from "./machine.ts";
import { layersOf, newModel, pack } from "./network.ts";
import { Networks } from "./networks.ts";
import { Pictures, square } from "./pictures.ts";
import { judgeAlone, judgeBoth, timesOf } from "./results.ts";
import { openBackend, Run, type RunHooks, type Stage, warmUp } from "./run.ts";
import { Storage } from "./storage.ts";
import { Turns, wordsOf } from "./turns.ts";
import { noWork, restore, type Work, withPoint } from "./work.ts";

class Studio {
  readonly #storage = new Storage((storage) => this.#tell({ kind: "storage", storage }));
  readonly #pictures = new Pictures(this.#storage);
  readonly #keeping = new Keeping(this.#storage);
  readonly #networks = new Networks(this.#storage);
  readonly #turns = new Turns();
  #hear: (event: StudioEvent) => void = () => {};
  #work: Work = noWork;
  #run: Run | undefined;
  #backend: Backend | undefined;
  #dataset: Promise<Dataset> | undefined;
  /** Where the work stands after an error. */
  #atError: Phase = "ready";

  /** Once, at the start: what there is from the last visit. */
  async open(onEvent: (event: StudioEvent) => void): Promise<Snapshot> {
    this.#hear = onEvent;
    await this.#pictures.restore();
    this.#work = await restore(this.#storage);
    const { phase, settings, learning, layers, curve, threshold, results } = this.#work;
    const packed = phase === "done" && (await this.#storage.read<Uint8Array>("packed"));
    if (packed) this.#networks.setPacked(packed);
    if (phase === "weighing")
      this.#exclusive(async () => this.#weigh(await this.#networks.trained())).catch((error) =>
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
      const trained = await this.#networks.trained();
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
    return this.#networks.predict(pixels, this.#work.results?.dense !== undefined);
  }

  async testPicture(index: number): Promise<TestPicture | undefined> {
    if (this.#work.phase === "ready" && !this.#networks.packed) return undefined;
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
      const { packed } = this.#networks;
      if (!results || !packed) return;
      const dense = results.dense && (await this.#networks.dense());
      this.#show({ ...results, ...(await this.#times(packed, dense)) });
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
    const missing = (which: string) => new SwivelError("E_NOT_FOUND", `there is no ${which} yet; train, and cut`);
    if (what === "checkpoint") {
      await this.#keeping.written();
      const file = await (this.#run?.stage === "training"
        ? this.#run.checkpoint()
        : (this.#networks.checkpoint ?? this.#storage.read<Uint8Array>("training")));
      if (!file) throw missing("checkpoint");
      return file;
    }
    const { packed } = this.#networks;
    const { results } = this.#work;
    if (!packed || !results) throw missing("packed network");
    if (what === "model") return packed;
    return what === "onnx" ? onnxOf(packed) : reportOf(this.#work, results);
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
    await this.#keeping.work(this.#work);
    await this.#keeping.written();
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

  /** One thing at a time: what was under way is paused. After an error the work stands where it stood. */
  #exclusive<T>(job: () => Promise<T>): Promise<T> {
    this.#run?.pause();
    return this.#turns.take(async () => {
      this.#atError = this.#work.phase;
      try {
        return await job();
      } catch (error) {
        this.#run?.dispose();
        this.#run = undefined;
        if (this.#work.phase !== this.#atError) this.#enter(this.#atError);
        throw new Error(wordsOf(error));
      }
    });
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
      this.#keeping.checkpoint(run.stage, await run.checkpoint());
      return this.#enter(run.stage === "training" ? "paused" : "tuning-paused");
    }
    const [model, checkpoint] = [await run.model(), await run.checkpoint()];
    if (run.stage === "training") this.#networks.checkpoint = checkpoint;
    await this.#storage.write(run.stage, checkpoint);
    run.dispose();
    this.#run = undefined;
    if (run.stage === "tuning") return this.#test(model);
    await this.#storage.write("trained", writeModel(model));
    this.#networks.setTrained(model);
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
    const [packed, dense] = [pack(tuned), pack(await this.#networks.trained())];
    const judged = await judgeBoth({ packed, dense }, dataset, this.#work);
    this.#networks.setPacked(packed, dense);
    const times = await this.#times(packed, dense);
    this.#work = { ...this.#work, active: this.#work.active + performance.now() - start };
    this.#show({ ...judged, ...times, seconds: this.#work.active / 1000 });
    await this.#storage.write("packed", packed);
    this.#enter("done");
    this.#tell({ kind: "layers", layers: layersOf(tuned.graph, tuned.tensors as never) });
    if (this.#work.settings.data === "own" && dataset.test.count < 50)
      this.#tell({
        kind: "notice",
        text: `${dataset.test.count} test pictures say little about the accuracy: more pictures, better figures.`,
      });
  }

  /** A network that was brought: packed, and with nothing to compare it with but its data, where that is known. */
  async #open(packed: Uint8Array, model: Model): Promise<void> {
    await this.#forget();
    this.#networks.setPacked(packed);
    this.#work = { ...noWork, settings: settingsIn(model) };
    const dataset = await this.#data().catch(() => undefined);
    this.#show({ ...(await judgeAlone(packed, model, dataset)), ...(await this.#times(packed, undefined)) });
    await this.#storage.write("packed", packed);
    this.#enter("done");
  }

  async #times(packed: Uint8Array, dense: Uint8Array | undefined): Promise<Pick<Results, "timings" | "machine">> {
    const dataset = await this.#dataset?.catch(() => undefined);
    return timesOf({ packed, ...(dense && { dense }) }, dataset);
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
        void this.#keeping.workNowAndThen(this.#work);
      },
      onLayers: (layers) => {
        this.#work = { ...this.#work, layers };
        this.#tell({ kind: "layers", layers });
      },
      onProgress: (progress) => this.#tell({ kind: "progress", ...progress }),
      onCheckpoint: (file) => this.#keeping.checkpoint(stage, file),
      onRecovered: (text) => this.#tell({ kind: "notice", text }),
    };
  }

  async #forget(): Promise<void> {
    this.#run?.dispose();
    this.#run = undefined;
    this.#backend?.dispose();
    this.#backend = undefined;
    this.#networks.forget();
    this.#dataset = undefined;
    await this.#keeping.drop();
    this.#work = { ...noWork, settings: this.#work.settings ?? defaults };
    await this.#storage.remove("work", "training", "trained", "tuning", "packed");
  }

  #show(results: Results): void {
    this.#work = { ...this.#work, results };
    this.#tell({ kind: "results", results });
    void this.#keeping.work(this.#work);
  }

  #enter(phase: Phase): void {
    this.#work = { ...this.#work, phase };
    this.#tell({ kind: "phase", phase });
    void this.#keeping.work(this.#work);
  }

  #tell(event: StudioEvent): void {
    this.#hear(event);
  }
}

export type StudioApi = Studio;

Comlink.expose(new Studio());
postMessage(READY);
