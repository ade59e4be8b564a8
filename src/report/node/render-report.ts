import { createHash } from "node:crypto";
import { figureCsv } from "../csv.ts";
import type { Figure, PicturesFigure, TableFigure } from "../figures.ts";
import { type Markup, markup, trusted, wordsToHtml } from "../markup.ts";
import type { Report, ReportSection, ReportText } from "../report.ts";
import { inLanguage, type Words } from "../words.ts";
import { drawFigure } from "./draw-figure.ts";
import { encodeReport } from "./keep-report.ts";
import { pngAddress } from "./png-address.ts";
import { pageScript } from "./script.ts";
import { pageStyle } from "./style.ts";

const nothing = markup``;
const paragraph = (text: Words, name?: string): Markup =>
  markup`<p${name === undefined ? nothing : markup` class="${name}"`}>${wordsToHtml(text)}</p>`;

function renderTable({ columns, rows }: TableFigure): Markup {
  const side = (column: number): Markup => (columns[column]?.align === "right" ? markup` class="right"` : nothing);
  const head = columns.map(({ title }, column) => markup`<th${side(column)}>${wordsToHtml(title)}</th>`);
  const cells = (row: readonly Words[]): readonly Markup[] =>
    row.map((words, column) => markup`<td${side(column)}>${wordsToHtml(words)}</td>`);
  const body = rows.map((row) => markup`<tr>${cells(row)}</tr>`);
  return markup`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function renderPictures({ pictures, columns, width, isSmooth = false }: PicturesFigure): Markup {
  const drawn = pictures.map(({ png, caption, tone }) => {
    const image = markup`<img src="${pngAddress(png)}" width="${width}" alt="${inLanguage(caption, "en")}">`;
    const side = tone === undefined ? nothing : markup` class="${tone}"`;
    return markup`<div>${image}<span${side}>${wordsToHtml(caption)}</span></div>`;
  });
  const size = isSmooth ? `${width}px` : `minmax(${width}px,max-content)`;
  return markup`<div class="${isSmooth ? "pictures smooth" : "pictures"}" style="grid-template-columns:repeat(${columns},${size})">${drawn}</div>`;
}

function renderFigure(figure: Figure): Markup {
  const svg = drawFigure(figure);
  const csv = figureCsv(figure);
  const inside =
    figure.kind === "table"
      ? renderTable(figure)
      : figure.kind === "pictures"
        ? renderPictures(figure)
        : trusted(svg ?? "");
  const kinds = [...(svg === undefined ? [] : ["svg", "png"]), ...(csv === undefined ? [] : ["csv"])];
  const saves = kinds.map((kind) => markup`<button type="button" data-save="${kind}">${kind.toUpperCase()}</button>`);
  const caption = markup`<figcaption><span>${wordsToHtml(figure.caption)}</span><span class="saves">${saves}</span></figcaption>`;
  const picture = markup`<div class="${figure.kind === "drawing" ? "picture whole" : "picture"}">${inside}</div>`;
  return markup`<figure id="${figure.name}"${csv === undefined ? nothing : markup` data-csv="${csv}"`}>${picture}${caption}</figure>`;
}

function renderList(items: Extract<ReportText, { kind: "list" }>["items"]): Markup {
  return items.some(({ term }) => term !== undefined)
    ? markup`<dl>${items.map(({ term = "", text }) => markup`<dt>${wordsToHtml(term)}</dt><dd>${wordsToHtml(text)}</dd>`)}</dl>`
    : markup`<ul>${items.map(({ text }) => markup`<li>${wordsToHtml(text)}</li>`)}</ul>`;
}

function renderPart(part: ReportText | Figure): Markup {
  switch (part.kind) {
    case "text":
      return paragraph(part.text);
    case "note":
      return paragraph(part.text, "note");
    case "list":
      return renderList(part.items);
    default:
      return renderFigure(part);
  }
}

/** One below the other. */
const onLines = (parts: readonly Markup[]): readonly Markup[] => parts.map((part) => markup`${part}\n`);

function renderSection({ heading, parts }: ReportSection, index: number): Markup {
  return markup`<section id="section-${index + 1}"><h2>${wordsToHtml(heading)}</h2>\n${onLines(parts.map(renderPart))}</section>`;
}

/** The page may run its own script and show what it holds: it loads, sends and embeds nothing. */
function contentPolicy(script: string): string {
  const hash = createHash("sha256").update(script).digest("base64");
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/** Renders a self-contained page: opens from a file, needs no network, and reads in English without its script. */
export function renderReport(report: Report): string {
  const { title, lead, sections } = report;
  const links = sections.map(
    ({ heading }, index) => markup`<a href="#section-${index + 1}">${wordsToHtml(heading)}</a> `,
  );
  const [en, zh] = [inLanguage(title, "en"), inLanguage(title, "zh")];
  const script = `\n${pageScript()}\n`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Residua">
<title data-en="${en}" data-zh="${zh}">${en}</title>
<style>${trusted(pageStyle)}</style>
</head>
<body>
<header><h1>${wordsToHtml(title)}</h1><div class="switches"><button type="button" id="language"><span lang="en">中文</span><span lang="zh">English</span></button><button type="button" id="theme" aria-label="light or dark">◐</button></div></header>
${onLines(lead.map((text) => paragraph(text, "lead")))}<nav>${links}</nav>
${onLines(sections.map(renderSection))}${trusted(encodeReport(report))}
<script type="module">${trusted(script)}</script>
</body>
</html>
`.markup;
}
