import { type Content, type Html, html } from "../html.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  /** The explanation beside the picture, in plain language. */
  readonly text: Content;
  readonly content: Content;
}

export function section({ id, title, text, content }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<div class="text"><h2 id="${id}-title">${title}</h2>
${text}</div>
<div class="content">
${content}</div>
</section>
`;
}
