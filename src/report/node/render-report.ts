import { createHash } from "node:crypto";
import { figureCsv } from "../csv.ts";
import type { Figure, PicturesFigure, TableFigure } from "../figures.ts";
import { type Markup, markup, trusted, wordsToHtml } from "../markup.ts";
import { type Badge, openReport, type Report, type ReportSection, type ReportText } from "../report.ts";
import { inLanguage, type Words } from "../words.ts";
import { drawFigure, drawNarrowFigure } from "./draw-figure.ts";
import { encodeReport } from "./keep-report.ts";
import { pngAddress } from "./png-address.ts";
import { pageScript } from "./script.ts";
import { pageStyle } from "./style.ts";

const nothing = markup``;
const paragraph = (text: Words, name?: string): Markup =>
  markup`<p${name === undefined ? nothing : markup` class="${name}"`}>${wordsToHtml(text)}</p>`;

/** Longer texts than this are broken into lines. */
const LONGEST_CELL = 36;

function renderTable({ columns, rows }: TableFigure): Markup {
  const isLong = columns.map((_, column) =>
    rows.some((row) => inLanguage(row[column] ?? "", "en").length > LONGEST_CELL),
  );
  const side = (column: number): Markup =>
    columns[column]?.align === "right" ? markup` class="right"` : isLong[column] ? markup` class="long"` : nothing;
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
  const size = `minmax(0,${isSmooth ? `${width}px` : "max-content"})`;
  return markup`<div class="${isSmooth ? "pictures smooth" : "pictures"}" style="grid-template-columns:repeat(${columns},${size})">${drawn}</div>`;
}

function renderFigure(figure: Figure): Markup {
  const svg = drawFigure(figure);
  const narrow = drawNarrowFigure(figure);
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
  // What may be wider than the page can be reached by the keyboard, so that it can be scrolled by it.
  const reached = figure.kind === "table" || figure.kind === "drawing" ? markup` tabindex="0"` : nothing;
  const looks =
    figure.kind === "drawing" ? " whole" : figure.kind === "table" ? " rows" : narrow === undefined ? "" : " wide";
  const picture = markup`<div class="picture${looks}"${reached}>${inside}</div>`;
  const small = narrow === undefined ? nothing : markup`<div class="picture narrow">${trusted(narrow)}</div>`;
  return markup`<figure id="${figure.name}"${csv === undefined ? nothing : markup` data-csv="${csv}"`}>${picture}${small}${caption}</figure>`;
}

function renderList(items: Extract<ReportText, { kind: "list" }>["items"]): Markup {
  return items.some(({ term }) => term !== undefined)
    ? markup`<dl>${items.map(({ term = "", text }) => markup`<dt>${wordsToHtml(term)}</dt><dd>${wordsToHtml(text)}</dd>`)}</dl>`
    : markup`<ul>${items.map(({ text }) => markup`<li>${wordsToHtml(text)}</li>`)}</ul>`;
}

function renderBadges(badges: readonly Badge[]): Markup {
  const drawn = badges.map(({ tone, label, about }) => {
    const rest = about === undefined ? nothing : markup` <span>${wordsToHtml(about)}</span>`;
    return markup`<li><b class="${tone}">${wordsToHtml(label)}</b>${rest}</li>`;
  });
  return markup`<ul class="badges">${drawn}</ul>`;
}

function renderPart(part: ReportText | Figure): Markup {
  switch (part.kind) {
    case "text":
      return paragraph(part.text);
    case "note":
      return paragraph(part.text, "note");
    case "details":
      return markup`<details><summary>${wordsToHtml(part.summary)}</summary><ul>${part.items.map((item) => markup`<li>${wordsToHtml(item)}</li>`)}</ul></details>`;
    case "badges":
      return renderBadges(part.badges);
    case "list":
      return renderList(part.items);
    default:
      return renderFigure(part);
  }
}

/** One below the other. */
const onLines = (parts: readonly Markup[]): readonly Markup[] => parts.map((part) => markup`${part}\n`);

const renderLead = (part: ReportText): Markup =>
  part.kind === "text" ? paragraph(part.text, "lead") : renderPart(part);

function renderSection(section: ReportSection, index: number, hasChapters: boolean): Markup {
  const { heading, parts, isChapter = false, isFolded = false } = section;
  const id = markup`id="section-${index + 1}"`;
  const words = wordsToHtml(heading);
  if (isChapter) {
    const opening = parts.map((part) => (part.kind === "text" ? renderLead(part) : renderPart(part)));
    return markup`<section ${id} class="chapter"><h2>${words}</h2>\n${onLines(opening)}</section>`;
  }
  const title = hasChapters ? markup`<h3>${words}</h3>` : markup`<h2>${words}</h2>`;
  const inside = onLines(parts.map(renderPart));
  return isFolded
    ? markup`<section ${id}><details class="folded"><summary>${title}</summary>\n${inside}</details></section>`
    : markup`<section ${id}>${title}\n${inside}</section>`;
}

/** Links to all sections; chapters stand out. */
function renderContents(sections: readonly ReportSection[]): Markup {
  const links = sections.map(({ heading, isChapter = false }, index) => {
    const looks = isChapter ? markup` class="chapter"` : nothing;
    return markup`<a href="#section-${index + 1}"${looks}>${wordsToHtml(heading)}</a> `;
  });
  return markup`<nav aria-label="contents">${links}</nav>`;
}

/** The page may run its own script and show what it holds: it loads, sends and embeds nothing. */
function contentPolicy(script: string): string {
  const hash = createHash("sha256").update(script).digest("base64");
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/** Renders a self-contained page: opens from a file, needs no network, and reads in English without its script. */
export function renderReport(report: Report): string {
  const { title, sections } = report;
  const hasChapters = sections.some(({ isChapter }) => isChapter === true);
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
<div class="opening">
${onLines(openReport(report).map(renderLead))}</div>
${renderContents(sections)}
<main>
${onLines(sections.map((section, index) => renderSection(section, index, hasChapters)))}</main>
${trusted(encodeReport(report))}
<script type="module">${trusted(script)}</script>
</body>
</html>
`.markup;
}
