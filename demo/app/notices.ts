/** What the page has to say beside its figures: at the lower edge, until it is dismissed or settled. */
import { byId, el } from "./dom.ts";

const shown = new Map<string, HTMLElement>();

export interface NoticeOptions {
  /** One notice of a name at a time. */
  readonly name?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export function notice(text: string, { name = text, action }: NoticeOptions = {}): void {
  withdraw(name);
  const close = el("button", { type: "button", textContent: action ? "Not now" : "OK", onclick: () => withdraw(name) });
  const act = action && el("button", { type: "button", textContent: action.label, onclick: action.run });
  const box = el("div", { className: "notice" }, el("span", { textContent: text }), ...(act ? [act] : []), close);
  box.dataset.testid = "notice";
  shown.set(name, box);
  byId("notices").append(box);
}

export function withdraw(name: string): void {
  shown.get(name)?.remove();
  shown.delete(name);
}

/** For promises whose failure a person should read. */
export function tell(error: unknown): void {
  const text = (error as Error | undefined)?.message ?? String(error);
  notice(`${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`);
}
