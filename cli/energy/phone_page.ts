/** The page's frame: one document, with its styles; all else is the script of the package. */
import { style } from "../../energy/report/style.ts";

/** Scripts from here alone, compiled WebAssembly, workers; the report in a frame of its own. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; frame-src 'self' about: blob:; base-uri 'none'; form-action 'none'";

const CONTROLS = `
label{display:flex;flex-wrap:wrap;gap:.25rem .75rem;justify-content:space-between;align-items:center;padding:.3rem 0}
fieldset{min-width:0;border:1px solid var(--rule);border-radius:.4rem;margin:1rem 0;padding:.5rem 1rem 1rem}
input,select,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.3rem;padding:.35rem .6rem;max-width:100%}
input[type=number]{width:7em}
input[type=file]{width:100%}
button{min-height:2.75rem;font-weight:600}
progress{width:100%}
[role=status]{font-weight:600;min-height:1.6em}
iframe{width:100%;height:80vh;border:1px solid var(--rule)}
`.trim();

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Swivel: energy</title>
<link rel="icon" href="data:,">
<style>${style}
${CONTROLS}</style>
</head>
<body>
<header><p class="brand"><b>Swivel</b> energy on this device</p><h1>Joules per inference, measured</h1></header>
<main>Loading …</main>
<script type="module" src="dist/energy_page.js"></script>
</body>
</html>
`;
