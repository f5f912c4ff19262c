/** The screen where files leave and come back. */
import { writeSettings } from "../shared/settings.ts";
import { byId, say } from "./dom.ts";
import { bytes } from "./format.ts";
import { notice, tell } from "./notices.ts";
import { type NamedPicture, named, takePictures } from "./own.ts";
import { listen, type State, state, update } from "./store.ts";
import { studio } from "./studio.ts";

const FILES = {
  model: { name: "swivel.safetensors", type: "application/octet-stream" },
  onnx: { name: "swivel.onnx", type: "application/octet-stream" },
  checkpoint: { name: "swivel-checkpoint.safetensors", type: "application/octet-stream" },
  report: { name: "swivel-report.json", type: "application/json" },
} as const;
type What = keyof typeof FILES;

/** More than any file of this page has. */
const MOST_BYTES = 256 * 2 ** 20;

export function startTake(): void {
  for (const what of Object.keys(FILES) as What[]) byId(`download-${what}`).addEventListener("click", () => download(what).catch(tell));
  bindDrops();
  byId("share").addEventListener("click", () => share().catch(tell));
  byId("reset").addEventListener("click", () => {
    const forget = () => studio.reset().then(() => location.assign(location.pathname), tell);
    notice("Networks, checkpoints and pictures of your own will be gone from this browser.", {
      name: "reset",
      action: { label: "Forget", run: () => void forget() },
    });
  });
  listen((now) => show(now));
}

function show({ phase, results, storage, threads }: State): void {
  const done = phase === "done" && results !== undefined;
  for (const what of ["model", "onnx", "report"] as const) byId<HTMLButtonElement>(`download-${what}`).disabled = !done;
  byId<HTMLButtonElement>("download-checkpoint").disabled = !(
    ["training", "paused", "weighing", "trained"].includes(phase) ||
    (done && results.dense !== undefined)
  );
  say(byId("size-model"), done ? bytes(results.packed.bytes) : "");
  const kept = {
    kept: "Your work is kept in this browser: reload or close the page, and go on where you were.",
    unavailable: "This browser keeps nothing for the page (a private window, perhaps): download what you want to keep.",
    full: "The browser’s storage for this page is full: download what you want to keep, then forget the rest.",
  };
  say(byId("kept-words"), kept[storage]);
  say(
    byId("threads-words"),
    threads.why ? `Training uses ${threads.count === 1 ? "one thread" : `up to ${threads.count} threads`}: ${threads.why}.` : "",
  );
}

async function download(what: What): Promise<void> {
  const file = await studio.download(what);
  const { name, type } = FILES[what];
  const url = URL.createObjectURL(new Blob([file as Uint8Array<ArrayBuffer>], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function share(): Promise<void> {
  const query = writeSettings(state.settings);
  const url = `${location.origin}${location.pathname}${query ? `?${query}` : ""}`;
  try {
    await navigator.clipboard.writeText(url);
    notice("Copied. Whoever opens the link finds this set-up; pictures and networks stay here.", { name: "share" });
  } catch {
    notice(`This is the link: ${url}`, { name: "share" });
  }
}

function bindDrops(): void {
  byId<HTMLInputElement>("drop-input").addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    takeFiles(files.map((file) => ({ file, folder: "" }))).catch(tell);
  });
  const zones = [byId("drop"), byId("drop-pictures"), byId("own")];
  // wherever a file is dropped, it must not replace the page
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    for (const zone of zones) zone.classList.add("over");
  });
  const leave = (): void => {
    for (const zone of zones) zone.classList.remove("over");
  };
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) leave();
  });
  document.addEventListener("drop", (event) => {
    leave();
    if (!event.dataTransfer) return;
    event.preventDefault();
    const into = (event.target as Element | null)?.closest<HTMLElement>(".class")?.dataset.name;
    filesOf(event.dataTransfer)
      .then((files) => takeFiles(files, into))
      .catch(tell);
  });
}

interface Found {
  readonly file: File;
  readonly folder: string;
}

/** Files that were dropped, those in folders among them. What the event has must be asked for before anything is waited for. */
async function filesOf({ items, files }: DataTransfer): Promise<Found[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  const plain = [...files].map((file) => ({ file, folder: "" }));
  if (entries.length === 0 || entries.every(({ isFile }) => isFile)) return plain;
  return (await Promise.all(entries.map((entry) => walk(entry, "")))).flat();
}

async function walk(entry: FileSystemEntry, folder: string): Promise<Found[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, folder }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Found[] = [];
  for (;;) {
    // directories are read in pieces
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const inner of some) found.push(...(await walk(inner, entry.name)));
  }
}

async function takeFiles(found: readonly Found[], into?: string): Promise<void> {
  const folders = new Map(found.map(({ file, folder }) => [file, folder]));
  const isPicture = ({ type, name }: File): boolean => type.startsWith("image/") || /\.(png|jpe?g|webp|gif|avif|bmp)$/i.test(name);
  const files = found.map(({ file }) => file);
  const pictures: NamedPicture[] = named(files.filter(isPicture), (file) => folders.get(file) ?? "");
  if (pictures.length > 0) {
    await takePictures(pictures, into);
    byId("own").scrollIntoView({ block: "nearest" });
  }
  for (const file of files.filter((one) => !isPicture(one))) await takeFile(file);
}

async function takeFile(file: File): Promise<void> {
  if (!/\.(safetensors|onnx|json)$/i.test(file.name) || file.size > MOST_BYTES)
    throw new Error(`${file.name} is nothing that this page has written: it takes .safetensors, .onnx, .json and pictures`);
  const { kind, settings } = await studio.take(file.name, new Uint8Array(await file.arrayBuffer()));
  if (settings) update({ settings });
  const said = {
    model: `${file.name} is open: both speed and guesses stand under Compare.`,
    checkpoint: `${file.name} is loaded: press Resume to go on.`,
    report: `${file.name} is shown: its figures were got elsewhere or at another time.`,
  };
  notice(said[kind], { name: "taken" });
}
