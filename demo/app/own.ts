/** One's own pictures: classes by files, folders or camera. */
import { CLASSES_MOST, type ClassSummary, PICTURES_LEAST, THUMB } from "../shared/messages.ts";
import { frameOf, startCamera } from "./camera.ts";
import { byId, el, say } from "./dom.ts";
import { plural } from "./format.ts";
import { notice, tell } from "./notices.ts";
import { listen, state, update } from "./store.ts";
import { handOver, studio } from "./studio.ts";

/** A picture and the class that its place suggests. */
export interface NamedPicture {
  readonly file: File;
  /** Folder, or the beginning of the name up to a number; empty where neither says anything. */
  readonly label: string;
}

/** Milliseconds between two pictures while the button is held, and pictures that are decoded at a time. */
const SHOT_EVERY = 160;
const AT_ONCE = 8;

export function startOwn(): void {
  listen((now, changed) => {
    if (changed.has("classes")) showClasses(now.classes);
  });
  byId("add-class").addEventListener("click", () => {
    if (state.classes.length >= CLASSES_MOST) return notice(`${CLASSES_MOST} classes are the most that there can be.`);
    studio.addPictures(freeName(), []).then((classes) => update({ classes }), tell);
  });
  byId<HTMLInputElement>("pictures-input").addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    void takePictures(named([...(input.files ?? [])]));
    input.value = "";
  });
  bindShooting();
}

const freeName = (): string => {
  for (let i = state.classes.length + 1; ; i++) if (!state.classes.some(({ name }) => name === `Class ${i}`)) return `Class ${i}`;
};

/** Labels for files by their folders, or by what their names begin with. */
export function named(
  files: readonly File[],
  folderOf: (file: File) => string = ({ webkitRelativePath }) => webkitRelativePath.split("/").at(-2) ?? "",
): NamedPicture[] {
  return files.map((file) => ({ file, label: folderOf(file) || (/^([\p{L}][\p{L}\s]*?)[\s_.()-]*\d/u.exec(file.name)?.[1] ?? "").trim() }));
}

/** Sorts pictures into classes; those without a label become, or join, a class of their own. */
export async function takePictures(pictures: readonly NamedPicture[], into?: string): Promise<void> {
  if (pictures.length === 0) return;
  if (state.settings.data !== "own") update({ settings: { ...state.settings, data: "own" } });
  const unnamed = freeName();
  const groups = new Map<string, File[]>();
  for (const { file, label } of pictures) {
    const name = into ?? (label || unnamed);
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  let unreadable = 0;
  for (const [name, files] of groups) {
    for (let i = 0; i < files.length; i += AT_ONCE) {
      const decoded = await Promise.allSettled(files.slice(i, i + AT_ONCE).map((file) => createImageBitmap(file)));
      const bitmaps = decoded.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      unreadable += decoded.length - bitmaps.length;
      try {
        update({ classes: await studio.addPictures(name, handOver(bitmaps, bitmaps)) });
      } catch (error) {
        return tell(error);
      }
    }
  }
  if (unreadable > 0) notice(`${plural(unreadable, "file")} could not be read as a picture. JPEG, PNG and WebP always can.`);
}

function showClasses(classes: readonly ClassSummary[]): void {
  const root = byId("classes");
  const focused =
    document.activeElement instanceof HTMLInputElement && root.contains(document.activeElement) ? document.activeElement.value : undefined;
  root.replaceChildren(...classes.map(classRow));
  if (focused !== undefined)
    for (const input of root.querySelectorAll<HTMLInputElement>("input[type=text]")) if (input.value === focused) input.focus();
  const short = classes.filter(({ count }) => count < PICTURES_LEAST);
  const words =
    classes.length < 2
      ? `Two classes at least, ${PICTURES_LEAST} pictures each. Drop files or whole folders, choose them, or take them with the camera. They stay on this device.`
      : short.length > 0
        ? `${short.map(({ name, count }) => `“${name}” needs ${PICTURES_LEAST - count} more`).join(", ")}.`
        : `${plural(classes.length, "class", "classes")}: ready to train. A share of the pictures is held out, so that accuracies mean something.`;
  say(byId("own-words"), words);
}

function classRow({ name, count, thumbs }: ClassSummary): HTMLElement {
  const rename = el("input", { type: "text", value: name, maxLength: 40 });
  rename.setAttribute("aria-label", `Name of the class ${name}`);
  rename.addEventListener("change", () => studio.renameClass(name, rename.value).then((classes) => update({ classes }), tell));
  const counted = el("span", { className: "class-count", textContent: `${count} of ${PICTURES_LEAST}` });
  if (count >= PICTURES_LEAST) {
    counted.dataset.enough = "";
    counted.textContent = plural(count, "picture");
  }
  const files = el("input", { type: "file", accept: "image/*", multiple: true });
  files.dataset.testid = "class-input";
  files.addEventListener("change", () => void takePictures(named([...(files.files ?? [])]), name));
  const row = el(
    "div",
    { className: "class" },
    el("div", { className: "class-head" }, rename, counted),
    el("div", { className: "thumbs" }, ...thumbs.map(thumbOf)),
    el(
      "div",
      { className: "buttons" },
      el("label", { className: "button file" }, "Add files", files),
      el("button", { type: "button", className: "button", textContent: "Camera", onclick: () => void openShooting(name) }),
      el("button", {
        type: "button",
        className: "button danger",
        textContent: "Remove",
        onclick: () => void studio.removeClass(name).then((classes) => update({ classes }), tell),
      }),
    ),
  );
  row.dataset.name = name;
  row.dataset.testid = "class";
  return row;
}

function thumbOf(data: Uint8ClampedArray<ArrayBuffer>): HTMLCanvasElement {
  const canvas = el("canvas", { width: THUMB, height: THUMB });
  canvas.getContext("2d")?.putImageData(new ImageData(data, THUMB, THUMB), 0, 0);
  return canvas;
}

let stopCamera: (() => void) | undefined;
let shootingInto = "";

async function openShooting(name: string): Promise<void> {
  closeShooting();
  const video = byId<HTMLVideoElement>("shoot-video");
  try {
    stopCamera = await startCamera(video);
  } catch (error) {
    return notice((error as Error).message, { name: "camera" });
  }
  shootingInto = name;
  byId("shooting").hidden = false;
  say(byId("shoot-words"), `For “${name}”: hold the button, and move things a little.`);
  byId("shoot-button").focus();
}

function closeShooting(): void {
  stopCamera?.();
  stopCamera = undefined;
  byId("shooting").hidden = true;
}

function bindShooting(): void {
  const button = byId<HTMLButtonElement>("shoot-button");
  const video = byId<HTMLVideoElement>("shoot-video");
  let held = false;
  const shoot = async (): Promise<void> => {
    if (held || !stopCamera) return;
    held = true;
    try {
      do {
        const frame = await frameOf(video);
        update({ classes: await studio.addPictures(shootingInto, handOver([frame], [frame])) });
        await new Promise((resolve) => setTimeout(resolve, SHOT_EVERY));
      } while (held && stopCamera);
    } catch (error) {
      tell(error);
    } finally {
      held = false;
    }
  };
  const release = (): void => {
    held = false;
  };
  button.addEventListener("pointerdown", () => void shoot());
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, release);
  button.addEventListener("keydown", ({ key, repeat }) => {
    if (!repeat && (key === " " || key === "Enter")) void shoot();
  });
  byId("shoot-end").addEventListener("click", closeShooting);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) closeShooting();
  });
}
