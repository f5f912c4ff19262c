/** Markup as the report of energy makes it too. */
export { type Content, Html, html } from "../../../energy/report/html.ts";
