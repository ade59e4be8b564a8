import { figureCsv } from "../csv.ts";
import type { Figure, PicturesFigure, TableFigure } from "../figures.ts";
import type { Report, ReportSection, ReportText } from "../report.ts";
import { escapeHtml, inLanguage, type Words, wordsToHtml } from "../words.ts";
import { drawFigure } from "./draw-figure.ts";
import { encodeReport } from "./keep-report.ts";
import { pngAddress } from "./png-address.ts";
import { pageScript } from "./script.ts";
import { pageStyle } from "./style.ts";

const paragraph = (text: Words, name = ""): string => `<p${name && ` class="${name}"`}>${wordsToHtml(text)}</p>`;

function renderTable({ columns, rows }: TableFigure): string {
  const cell = (tag: "th" | "td", words: Words, column: number): string =>
    `<${tag}${columns[column]?.align === "right" ? ' class="right"' : ""}>${wordsToHtml(words)}</${tag}>`;
  const head = columns.map(({ title }, column) => cell("th", title, column)).join("");
  const body = rows.map((row) => `<tr>${row.map((words, column) => cell("td", words, column)).join("")}</tr>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function renderPictures({ pictures, columns, width, isSmooth }: PicturesFigure): string {
  const drawn = pictures.map(
    ({ png, caption, tone }) =>
      `<div><img src="${pngAddress(png)}" width="${width}" alt="${escapeHtml(inLanguage(caption, "en"))}">` +
      `<span${tone === undefined ? "" : ` class="${tone}"`}>${wordsToHtml(caption)}</span></div>`,
  );
  return `<div class="pictures${isSmooth ? " smooth" : ""}" style="grid-template-columns:repeat(${columns},${isSmooth ? `${width}px` : `minmax(${width}px,max-content)`})">${drawn.join("")}</div>`;
}

function renderFigure(figure: Figure): string {
  const svg = drawFigure(figure);
  const csv = figureCsv(figure);
  const inside =
    figure.kind === "table" ? renderTable(figure) : figure.kind === "pictures" ? renderPictures(figure) : (svg ?? "");
  const kinds = [...(svg === undefined ? [] : ["svg", "png"]), ...(csv === undefined ? [] : ["csv"])];
  const saves = kinds
    .map((kind) => `<button type="button" data-save="${kind}">${kind.toUpperCase()}</button>`)
    .join("");
  // A browser takes a plain carriage return out of what it reads.
  const kept = csv === undefined ? "" : ` data-csv="${escapeHtml(csv).replaceAll("\r", "&#13;")}"`;
  return (
    `<figure id="${escapeHtml(figure.name)}"${kept}>` +
    `<div class="picture${figure.kind === "drawing" ? " whole" : ""}">${inside}</div>` +
    `<figcaption><span>${wordsToHtml(figure.caption)}</span><span class="saves">${saves}</span></figcaption></figure>`
  );
}

function renderPart(part: ReportText | Figure): string {
  switch (part.kind) {
    case "text":
      return paragraph(part.text);
    case "note":
      return paragraph(part.text, "note");
    case "list":
      return part.items.some(({ term }) => term !== undefined)
        ? `<dl>${part.items.map(({ term = "", text }) => `<dt>${wordsToHtml(term)}</dt><dd>${wordsToHtml(text)}</dd>`).join("")}</dl>`
        : `<ul>${part.items.map(({ text }) => `<li>${wordsToHtml(text)}</li>`).join("")}</ul>`;
    default:
      return renderFigure(part);
  }
}

function renderSection({ heading, parts }: ReportSection, index: number): string {
  return `<section id="section-${index + 1}"><h2>${wordsToHtml(heading)}</h2>\n${parts.map(renderPart).join("\n")}\n</section>`;
}

/** Renders a self-contained page: opens from a file, needs no network, and reads in English without its script. */
export function renderReport(report: Report): string {
  const { title, lead, sections } = report;
  const links = sections.map(({ heading }, index) => `<a href="#section-${index + 1}">${wordsToHtml(heading)}</a>`);
  const titles = { en: escapeHtml(inLanguage(title, "en")), zh: escapeHtml(inLanguage(title, "zh")) };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Residua">
<title data-en="${titles.en}" data-zh="${titles.zh}">${titles.en}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>${wordsToHtml(title)}</h1><div class="switches"><button type="button" id="language"><span lang="en">中文</span><span lang="zh">English</span></button><button type="button" id="theme" aria-label="light or dark">◐</button></div></header>
${lead.map((text) => paragraph(text, "lead")).join("\n")}
<nav>${links.join(" ")}</nav>
${sections.map(renderSection).join("\n")}
${encodeReport(report)}
<script type="module">
${pageScript()}
</script>
</body>
</html>
`;
}
