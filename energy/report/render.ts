/** `energy.html`: the whole measurement on one page, made in Node or in a browser, without script, network or fonts. */
import type { ArmResult, ComparisonResult } from "../analyse.ts";
import type { ArmName, EnergyRecord } from "../record.ts";
import { claim } from "../verdict.ts";
import { tracesOf } from "../windows.ts";
import { bounds, duration, reach, times, withUnit } from "./format.ts";
import { type Content, Html, html } from "./html.ts";
import { intervalPlot, powerPlot } from "./plots.ts";
import { style } from "./style.ts";

const NAMES: Readonly<Record<ComparisonResult["name"], string>> = {
  saving: "B against A",
  null: "A against itself (A/A)",
  control: "the control against A",
};
const ARMS: Readonly<Record<ArmName, string>> = { A: "A", B: "B", N: "A again", C: "control" };
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The page as HTML text. Names and notes come from files, and are escaped. */
export function renderReport(record: EnergyRecord): string {
  const { result, source, settings } = record;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Swivel: energy</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<header><p class="brand"><b>Swivel</b> energy of ${record.arms.map(({ model }) => model).join(", ")}</p>
<h1 class="${result.status}">${result.verdict}</h1>
<p>${scope(record)}</p></header>
${
  result.problems.length > 0 &&
  html`<section><h2>Why nothing is concluded</h2><ul>${result.problems.map((problem) => html`<li>${problem}</li>`)}</ul>
<p>The figures below are shown all the same; they are no result.</p></section>`
}
<section><h2>Power over time</h2>${powerPlot(record, tracesOf(record))}
${result.idle && html`<p>Idle: ${withUnit(result.idle.beforeWatts, "W")} before${result.idle.afterWatts !== undefined && html`, ${withUnit(result.idle.afterWatts, "W")} after`}.</p>`}</section>
<section><h2>Energy per inference</h2>${armsTable(result.arms)}
${intervalPlot(armRows(result.arms, "gross"), "Joules per inference in all, with 95 % intervals")}
${intervalPlot(armRows(result.arms, "net"), "Joules per inference above idle, with 95 % intervals")}</section>
<section><h2>Ratios</h2>${comparisonsTable(result.comparisons)}
${intervalPlot(ratioRows(result.comparisons), "Energy per inference over A’s, with 95 % intervals; the dashed line is “the same”", 1)}
${accuracy(record)}</section>
<section><h2>How it was measured</h2>${conditions(record)}</section>
<footer><p><small>${settings.mode === "rate" ? `At ${settings.rate} inferences a second` : "One inference after the other"}, in windows of ${settings.windowSeconds} s,
in blocks A B B A or B A A B in an order drawn with seed ${settings.seed}. Intervals are Student’s t on the logarithms of the blocks’ ratios; those above idle also hold what is not known of idle power.
“In all” is everything that ${source.id} counts; “above idle” is that less what the same process draws while it waits. All raw readings are in energy.json, from which
<code>swivel energy check</code> makes these figures anew. ${record.tool}, ${record.date}.</small></p></footer>
</body>
</html>
`;
  return page.markup;
}

function scope({ source, device }: EnergyRecord): string {
  const where = [device.model, device.cpu, device.os, device.browser ?? device.runtime].filter((part) => part !== undefined).join(", ");
  return `${source.id} counts ${source.covers}. Measured on ${where || "a device that nobody described"}; other devices, and other parts of this one, may differ.`;
}

const interval = (joules: { value: number; low: number; high: number }): Content =>
  html`${withUnit(joules.value, "J")}<br><small>${reach(joules, "J")}</small>`;

function table(caption: string, head: readonly string[], rows: readonly (readonly Content[])[]): Html {
  const body = rows.map(
    ([first, ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function armsTable(arms: readonly ArmResult[]): Html {
  const rows = arms.map(({ arm, windows, gross, net, watts, latencyMs, accuracy, load }) => [
    ARMS[arm],
    interval(gross),
    net ? interval(net) : "failed",
    withUnit(watts, "W"),
    withUnit(latencyMs / 1000, "s"),
    accuracy ? `${(100 * accuracy.value).toFixed(2)} % of ${accuracy.images}` : "–",
    load ? `${withUnit(load.ms / 1000, "s")}${load.joules === undefined ? "" : `, ${withUnit(load.joules, "J")}`}` : "–",
    windows,
  ]);
  return table(
    "Per inference, with 95 % intervals",
    ["", "in all", "above idle", "power", "latency", "accuracy", "load, apart", "windows"],
    rows,
  );
}

const armRows = (arms: readonly ArmResult[], of: "gross" | "net") =>
  arms.flatMap((result) => {
    const joules = result[of];
    return joules
      ? [
          {
            name: ARMS[result.arm],
            style: result.arm,
            interval: joules,
            text: `${withUnit(joules.value, "J")} (${reach(joules, "J")})`,
          },
        ]
      : [];
  });

const ratioRows = (comparisons: readonly ComparisonResult[]) =>
  comparisons.flatMap((result) =>
    (["gross", "net"] as const).flatMap((of) => {
      const ratio = result[of];
      const what = of === "gross" ? "in all" : "above idle";
      return ratio
        ? [
            {
              name: `${NAMES[result.name]}, ${what}`,
              style: result.of[1],
              interval: ratio,
              text: `${times(ratio.value)} (${bounds(ratio)})`,
            },
          ]
        : [];
    }),
  );

function comparisonsTable(comparisons: readonly ComparisonResult[]): Html {
  const cell = (ratio: ComparisonResult["gross"]): Content =>
    ratio ? html`${times(ratio.value)}<br><small>${bounds(ratio)}</small>` : "failed";
  const rows = comparisons.map(({ name, blocks, rejected, gross, net, latency }) => {
    return [
      NAMES[name],
      cell(gross),
      cell(net),
      cell(latency),
      `${2 * blocks} pairs`,
      rejected.length === 0 ? "none" : html`${rejected.length} blocks: ${[...new Set(rejected.map(({ why }) => why))].join("; ")}`,
    ];
  });
  return table("Ratios with 95 % intervals", ["", "energy in all", "energy above idle", "latency", "count", "lost"], rows);
}

function accuracy({ result }: EnergyRecord): Content {
  const { accuracyDifference: d, comparisons } = result;
  const control = comparisons.find(({ name }) => name === "control");
  const points = (value: number, round: (x: number) => number): string => {
    const rounded = round(10_000 * value) / 100;
    return `${rounded < 0 ? "−" : "+"}${Math.abs(rounded).toFixed(2)}`;
  };
  const lines: Content[] = [];
  if (d)
    lines.push(
      html`<p>Accuracy of B minus A on the images of this run: ${points(d.value, Math.round)} points (95 %: ${points(d.low, Math.floor)} … ${points(d.high, Math.ceil)}).</p>`,
    );
  if (control?.gross)
    lines.push(html`<p>A control, cut to the same size at random, needs ${claim(control.gross)} in all: what the size alone does.</p>`);
  if (!comparisons.some(({ name }) => name === "null"))
    lines.push(html`<p>No A/A run was made: how far A differs from itself is not known.</p>`);
  return lines;
}

function conditions(record: EnergyRecord): Html {
  const { device, source, clock, arms, samples, marks, result } = record;
  const percent = (value: number | undefined): string => (value === undefined ? "not known" : `${Math.round(100 * value)} %`);
  const first = arms[0];
  const rows: [string, Content][] = [
    ["Device", [device.model, device.cpu].filter(Boolean).join(", ") || "not known"],
    ["System", [device.os, device.browser, device.runtime].filter(Boolean).join(", ") || "not known"],
    [
      "Network runs on",
      first
        ? `${first.backend}${first.adapter ? ` (${first.adapter})` : ""}, ${first.threads} thread${first.threads === 1 ? "" : "s"}${first.simd ? `, ${first.simd} SIMD` : ""}`
        : "not known",
    ],
    ["Battery", `${percent(device.charge)}${device.charging === undefined ? "" : device.charging ? ", charging" : ", not charging"}`],
    ["Screen's brightness", percent(device.brightness)],
    ["Processor's governor", device.governor ?? "not known"],
    ["Source", `${source.id}: ${source.headline.join(" + ")}`],
    [
      "Beside it, never added",
      source.channels
        .filter(({ id }) => !source.headline.includes(id))
        .map(({ id }) => id)
        .join(", ") || "nothing",
    ],
    ["Readings", `${samples.t.length}, over ${duration(((marks.at(-1)?.end ?? 0) - (marks[0]?.start ?? 0)) / 1000)}`],
    [
      "Clocks",
      clock.how === "same clock"
        ? "one clock"
        : `${clock.how}: offset ${(clock.offsetMs / 1000).toFixed(2)} s, drift ${(1e6 * clock.drift).toFixed(0)} ppm, known to ${Math.round(clock.uncertaintyMs)} ms`,
    ],
    ...[...(device.notes ?? []), ...result.notes].map((note): [string, Content] => ["Note", note]),
  ];
  return table("Device and conditions", ["", ""], rows);
}
