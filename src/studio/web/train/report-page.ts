import { encodePng } from "../../../files/png.ts";
import type { Figure, HeatMapFigure, LinesFigure, PicturesFigure, TableFigure } from "../../../report/figures.ts";
import { type Markup, markup, trusted } from "../../../report/markup.ts";
import { openReport, type Report, type ReportSection, type ReportText } from "../../../report/report.ts";
import { inLanguage, type Language, type Words } from "../../../report/words.ts";
import { reportClassification } from "../../../tasks/classify/report.ts";
import { UnsupportedError } from "../../../tensor/errors.ts";
import { movingMean } from "../../moving-mean.ts";
import type { CurvePoint } from "../../curve-point.ts";
import { pixelsOf } from "./picture.tsx";
import type { ReadImages } from "./read-job.ts";
import { placesHeld, worstMistakes } from "./result.tsx";
import type { TrainedNetwork } from "./run.ts";

/** Writes a text in the report's one language. */
type Say = (words: Words) => string;

function toAddress(bytes: Uint8Array, type: string): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${type};base64,${btoa(text)}`;
}

const renderTable = ({ columns, rows }: TableFigure, say: Say): Markup => {
  const head = columns.map(({ title }) => markup`<th scope="col">${say(title)}</th>`);
  const body = rows.map((row) => markup`<tr>${row.map((cell) => markup`<td>${say(cell)}</td>`)}</tr>`);
  return markup`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
};

/** Each place in the shade of its share, with what is written into it. */
function renderHeatMap(figure: HeatMapFigure, say: Say): Markup {
  const { rows, columns, maps, rowLabel, columnLabel, isSquare = false } = figure;
  const [map] = maps;
  const head = columns.map((name) => markup`<th scope="col">${say(name)}</th>`);
  const body = rows.map((name, row) => {
    const cells = map.values[row].map((value, column) => {
      const shade = Number.isNaN(value) ? 0 : Math.round(value);
      const outline = isSquare && row === column ? ";outline:2px solid var(--accent);outline-offset:-2px" : "";
      const style = `background:color-mix(in oklab,var(--accent) ${Math.round(0.45 * shade)}%,transparent)${outline}`;
      return markup`<td style="${style}">${map.texts?.[row][column] ?? String(shade)}</td>`;
    });
    return markup`<tr><th scope="row">${say(name)}</th>${cells}</tr>`;
  });
  const corner = `${say(rowLabel)} ↓ ${say(columnLabel)} →`;
  return markup`<table><thead><tr><th>${corner}</th>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function renderPictures({ pictures, width }: PicturesFigure, say: Say): Markup {
  const drawn = pictures.map(({ png, caption }) => {
    const text = say(caption);
    return markup`<li><img src="${toAddress(png, "image/png")}" width="${width}" alt="${text}">${text}</li>`;
  });
  return markup`<ul class="pictures">${drawn}</ul>`;
}

const plot = { width: 640, height: 200, left: 44, bottom: 24 } as const;

/** One curve from 0 to its greatest value. */
function renderLines({ x, y, series: [series] }: LinesFigure, say: Say): Markup {
  const { width, height, left, bottom } = plot;
  const last = Math.max(1, ...series.points.map((point) => point.x));
  const top = Math.max(...series.points.map((point) => point.y)) || 1;
  const path = series.points.map((point) => {
    const across = left + ((width - left) * point.x) / last;
    return `${across.toFixed(1)},${((height - bottom) * (1 - point.y / top) + 6).toFixed(1)}`;
  });
  const floor = height - bottom + 6;
  return markup`<svg viewBox="0 0 ${width} ${height + 12}" role="img" aria-label="${say(y.label)}">
<path d="M${left},6V${floor}H${width}" class="axis"/><polyline points="${path.join(" ")}"/>
<text x="${left - 6}" y="14" text-anchor="end">${Number(top.toPrecision(3))}</text><text x="${left - 6}" y="${floor}" text-anchor="end">0</text>
<text x="${width}" y="${floor + 18}" text-anchor="end">${say(x.label)} ${last}</text></svg>`;
}

function renderFigure(figure: Figure, say: Say): Markup {
  const draw = (): Markup => {
    switch (figure.kind) {
      case "table":
        return renderTable(figure, say);
      case "heat-map":
        return renderHeatMap(figure, say);
      case "pictures":
        return renderPictures(figure, say);
      case "lines":
        return renderLines(figure, say);
      case "drawing":
        return markup`<img src="${toAddress(new TextEncoder().encode(figure.svg), "image/svg+xml")}" alt="${say(figure.caption)}">`;
      default:
        throw new UnsupportedError(figure.name, `is of kind "${figure.kind}", which a page's report does not draw`);
    }
  };
  return markup`<figure><div class="scroll">${draw()}</div><figcaption>${say(figure.caption)}</figcaption></figure>`;
}

function renderPart(part: ReportText | Figure, say: Say): Markup {
  switch (part.kind) {
    case "text":
    case "note":
      return markup`<p>${say(part.text)}</p>`;
    case "list":
      return markup`<ul>${part.items.map(({ term = "", text }) => markup`<li><b>${say(term)}</b> ${say(text)}</li>`)}</ul>`;
    case "details":
      return markup`<h3>${say(part.summary)}</h3><ul>${part.items.map((item) => markup`<li>${say(item)}</li>`)}</ul>`;
    case "badges":
      return markup`<ul>${part.badges.map(({ label }) => markup`<li>${say(label)}</li>`)}</ul>`;
    default:
      return renderFigure(part, say);
  }
}

const style = `:root{color-scheme:light dark;--accent:light-dark(#1769aa,#7dbdf0);--line:light-dark(#d9dde2,#3a4048)}
body{margin:1.5rem auto 3rem;max-width:60rem;padding:0 1.2rem;font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}figure{margin:1rem 0;padding:1rem;border:1px solid var(--line);border-radius:8px}
figcaption{font-size:.9rem;margin-top:.6rem}.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left}.pictures{list-style:none;display:flex;flex-wrap:wrap;gap:1rem;padding:0}
.pictures li{width:8rem;font-size:.85rem}.pictures img{display:block;image-rendering:pixelated}svg{width:100%;font-size:12px}svg text{fill:currentColor}
polyline{fill:none;stroke:var(--accent);stroke-width:1.5}.axis{fill:none;stroke:var(--line)}`;

/** A report as one file, in one language: no script, nothing loaded. */
function renderPlainReport(report: Report, language: Language): string {
  const say: Say = (words) => inLanguage(words, language);
  const title = say(report.title);
  const sections = report.sections.map(
    ({ heading, parts }) =>
      markup`<section><h2>${say(heading)}</h2>${parts.map((part) => renderPart(part, say))}</section>\n`,
  );
  return markup`<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="generator" content="Residua"><title>${title}</title>
<style>${trusted(style)}</style></head><body><h1>${title}</h1>
${openReport(report).map((part) => renderPart(part, say))}
${sections}</body></html>
`.markup;
}

const meanOver = 10;

function trainingSection(curve: readonly CurvePoint[]): ReportSection {
  const means = movingMean(
    curve.map(({ loss }) => loss),
    meanOver,
  );
  return {
    heading: { en: "Training", zh: "训练过程" },
    parts: [
      {
        kind: "lines",
        name: "loss",
        caption: {
          en: `Loss on the training images by step, as the mean of the last ${meanOver}; at the end ${means.at(-1)?.toFixed(3)}.`,
          zh: `训练图像上的损失，按步，取最近 ${meanOver} 步的平均；终点为 ${means.at(-1)?.toFixed(3)}。`,
        },
        x: { label: { en: "step", zh: "步" } },
        y: { label: { en: "loss", zh: "损失" } },
        // A step that is not known is none of the curve's.
        series: [{ name: "", points: means.map((y, at) => ({ x: at + 1, y })).filter(({ y }) => Number.isFinite(y)) }],
      },
    ],
  };
}

function pngOf(images: ReadImages, place: number): Uint8Array {
  const { data, width, height } = pixelsOf(images, place);
  return encodePng({ width, height, channels: 4, samples: new Uint8Array(data.buffer) });
}

/** The report of a training in a page: what `residua report` says of a classifier, without Grad-CAM. */
export function writeTrainReport(
  images: ReadImages,
  trained: TrainedNetwork & { readonly curve: readonly CurvePoint[] },
  language: Language,
): string {
  const { judged, choice, parameters, multiplyAdds, architecture, curve } = trained;
  const { classes, name } = images;
  const places = placesHeld(images);
  const report = reportClassification({
    label: `resnet${choice.depth}, ${choice.shortcut}`,
    data: name,
    parameters,
    multiplyAdds,
    classes,
    judged,
    architecture,
    maps: [],
    mistakes: worstMistakes(judged).map(({ index, label, predicted, confidence }) => ({
      png: pngOf(images, places[index]),
      caption: {
        en: `${classes[label]}, taken for ${classes[predicted]}, ${(100 * confidence).toFixed(0)} % sure`,
        zh: `${classes[label]}，被认作 ${classes[predicted]}（把握 ${(100 * confidence).toFixed(0)} %）`,
      },
    })),
  });
  return renderPlainReport({ ...report, sections: [...report.sections, trainingSection(curve)] }, language);
}
