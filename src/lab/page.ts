/** A part of a page: a heading and what stands under it, already HTML. */
export interface PageSection {
  readonly heading: string;
  readonly body: string;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe to stand in HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}

/** A table; every cell is text. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: "th" | "td", cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${line("th", header)}</thead><tbody>${rows.map((row) => line("td", row)).join("")}</tbody></table>`;
}

const style = `
:root { color-scheme: light dark; --text: #1c1e21; --quiet: #5f6670; --line: #d9dde2; --page: #fff; --panel: #f6f7f9; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --quiet: #9aa3ad; --line: #3a4048; --page: #16181b; --panel: #1f2226; } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1.25rem; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin-bottom: .25rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
p.lead { font-size: 1.08rem; } .quiet, figcaption { color: var(--quiet); font-size: .9rem; }
figure { margin: 1rem 0; padding: 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; --plot-background: var(--panel); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; width: 100%; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; } th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; white-space: nowrap; }
.legend span { margin-right: 1.2rem; white-space: nowrap; } .legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
@media print { body { margin: 0; max-width: none; } figure { break-inside: avoid; } }
`;

/** A page that needs nothing but itself: opens from a file, without a network. */
export function renderPage(title: string, lead: readonly string[], sections: readonly PageSection[]): string {
  const paragraphs = lead.map((text) => `<p class="lead">${escapeHtml(text)}</p>`).join("\n");
  const parts = sections
    .map(({ heading, body }) => `<section><h2>${escapeHtml(heading)}</h2>\n${body}\n</section>`)
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${paragraphs}
${parts}
</body>
</html>
`;
}
