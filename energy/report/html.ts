/** HTML from template strings in which everything interpolated is escaped, so that no name in the data can become markup. */

/** Markup that is finished; only `html` makes it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template: text and numbers are escaped, `Html` goes in as it is, lists one after the other, false and undefined not at all. */
export type Content = string | number | Html | false | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function markupOf(content: Content): string {
  if (content instanceof Html) return content.markup;
  if (typeof content === "object") return content.map(markupOf).join("");
  if (content === undefined || content === false) return "";
  return String(content).replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** Contents belong between tags or into quoted attributes; never into a script, a style or a tag's name. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(parts.map((part, i) => part + markupOf(contents[i])).join(""));
}
