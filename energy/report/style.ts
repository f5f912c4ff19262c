/** The report's styles: one file that needs nothing else, in light and dark, on paper and on phones. */
export const style = `
:root{--paper:#fff;--ink:#15191e;--soft:#535c66;--rule:#d5dae0;--a:#59636e;--b:#0a62b8;--n:#945800;--c:#a03a7c;--bad:#b8440c;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{--paper:#101317;--ink:#e9ecef;--soft:#a7b0ba;--rule:#353d46;--a:#a7b0ba;--b:#62aef5;--n:#e4b252;--c:#e690c8;--bad:#f5924f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);font:100%/1.55 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
h1{font-size:clamp(1.3rem,1rem + 1.6vw,2rem);line-height:1.25;margin:.25rem 0 1rem;max-width:34em}
h2{font-size:1.2rem;margin:2.25rem 0 .5rem}
p,ul{margin:.5rem 0;max-width:46em}
.brand,small,caption,footer,.axis{color:var(--soft)}
small,.axis{font-size:.8125rem}
.failed{color:var(--bad)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;padding:.25rem 0}
th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top;font-weight:400}
th:first-child,td:first-child{text-align:left}
thead th{font-size:.8125rem;color:var(--soft)}
svg{display:block;width:100%;height:auto}
figure{margin:.5rem 0;overflow-x:auto}
figure>svg{min-width:40rem}
td small{white-space:nowrap}
figcaption{color:var(--soft);font-size:.8125rem}
.grid{stroke:var(--rule);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}
.power{fill:none;stroke:var(--ink);stroke-width:1;vector-effect:non-scaling-stroke}
.reach{fill:var(--ink);fill-opacity:.25}
.A{fill:var(--a)}.B{fill:var(--b)}.N{fill:var(--n)}.C{fill:var(--c)}.idle{fill:var(--rule)}.lost{fill:var(--bad)}
.zone{fill-opacity:.22}
.bar{stroke:currentColor;stroke-width:2;vector-effect:non-scaling-stroke}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;font-size:.8125rem}
.key svg{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
text{fill:var(--soft);font-size:12px}
@media print{body{max-width:none;padding:0}}
`.trim();
