import { encodeReport } from "../../src/report/node/keep-report.ts";
import type { Figure } from "../../src/report/figures.ts";
import { exampleFigures, exampleReport } from "./example-report.ts";

/** What stands in a page is data by then: a report whose types are a lie. */
type Forged = Readonly<Record<string, unknown>>;

const withParts = (parts: readonly (Forged | Figure)[]): Forged => ({
  ...exampleReport,
  sections: [{ heading: "Section", parts }],
});
const drawing = (svg: string): Forged => withParts([{ kind: "drawing", name: "d", caption: "c", svg }]);
const changed = (kind: Figure["kind"], change: Forged): Forged =>
  withParts(exampleFigures.map((figure) => (figure.kind === kind ? { ...figure, ...change } : figure)));
const inSvg = (inside: string): Forged =>
  drawing(`<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">${inside}</svg>`);

/**
 * Reports that try to run `script` or to fetch `address` when their page is opened or clicked: through drawings, through what
 * stands in attributes, and through texts.
 */
export function hostileReports(script: string, address: string): Readonly<Record<string, Forged>> {
  const tag = `<script>${script}</script>`;
  const image = `"><img src=x onerror="${script}">`;
  const html = `&lt;script&gt;parent.${script}&lt;/script&gt;`;
  const bar = { category: "a", value: 1, group: "g" };
  return {
    "onload after a slash": drawing(`<svg/onload="${script}"></svg>`),
    "onload in capitals": drawing(`<svg ONLOAD="${script}"></svg>`),
    "onload with a tab": drawing(`<svg\tonload='${script}'></svg>`),
    "onload without quotes": drawing(`<svg onload=${script}>`),
    "onload by entities": drawing(`<svg &#111;nload="${script}"/>`),
    "onclick of a shape": inSvg(`<rect width="90" height="90" onclick="${script}"/>`),
    "onfocus at once": inSvg(`<g tabindex="0" autofocus="" onfocus="${script}"/>`),
    script: inSvg(tag),
    "script by href": inSvg(`<script href="${address}"/>`),
    "script of another namespace": inSvg(`<x:script xmlns:x="http://www.w3.org/1999/xhtml">${script}</x:script>`),
    "script in capitals": inSvg(`<SCRIPT>${script}</SCRIPT>`),
    foreignObject: inSvg(`<foreignObject width="9" height="9"><img src="x" onerror="${script}"/></foreignObject>`),
    "iframe with srcdoc": drawing(`<svg></svg><iframe srcdoc="${html}"></iframe>`),
    "iframe within": inSvg(`<iframe srcdoc="${html}"></iframe>`),
    "iframe of a data address": inSvg(`<iframe src="data:text/html,${html}"></iframe>`),
    "object of a data address": inSvg(`<object data="data:text/html,${html}"></object>`),
    embed: inSvg(`<embed src="${address}"/>`),
    "meta refresh": inSvg(`<meta http-equiv="refresh" content="0;url=${address}"/>`),
    base: inSvg(`<base href="${address}"/>`),
    form: inSvg(`<form action="${address}"><button id="language">x</button></form>`),
    "image from elsewhere": inSvg(`<image href="${address}" width="9" height="9"/>`),
    "image by xlink": inSvg(
      `<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="${address}" width="9" height="9"/>`,
    ),
    "img from elsewhere": inSvg(`<img src="${address}"/>`),
    "use from elsewhere": inSvg(`<use href="${address}#a"/>`),
    "use of a data address": inSvg(`<use href="data:image/svg+xml,<svg id='x' onload='${script}'/>#x"/>`),
    "link to a script": inSvg(`<a href="javascript:${script}"><text y="20">x</text></a>`),
    "animated link": inSvg(`<a><animate attributeName="href" values="javascript:${script}"/><text y="20">x</text></a>`),
    "set event": inSvg(`<set attributeName="onmouseover" to="${script}"/>`),
    "animation's end": inSvg(`<animate attributeName="x" dur="0.01s" onend="${script}"/>`),
    "style that imports": inSvg(`<style>@import "${address}";</style>`),
    "style with a background": inSvg(`<style>*{background:url(${address})}</style>`),
    "style attribute": inSvg(`<rect style="fill:url(${address})" width="9" height="9"/>`),
    "style with escapes": inSvg(`<rect style="background:\\75rl(${address})" width="9" height="9"/>`),
    "fill from elsewhere": inSvg(`<rect fill="url(${address}#a)" width="9" height="9"/>`),
    "filter from elsewhere": inSvg(`<g filter="url(${address}#a)"><rect width="9" height="9"/></g>`),
    "end of the drawing": drawing(`<svg></svg>${tag}`),
    "end of a title": inSvg(`<title></title></svg><img src=x onerror=${script}></title>`),
    "HTML in a title": inSvg(`<title><img src="x" onerror="${script}"/></title>`),
    "CDATA in a title": inSvg(`<title><![CDATA[<img src=x onerror=${script}>]]></title>`),
    "CDATA in a text": inSvg(`<text><![CDATA[</text><img src=x onerror=${script}>]]></text>`),
    "instruction to a parser": drawing(`<?xml-stylesheet href="${address}"?><svg></svg>`),
    "document type": drawing(`<!DOCTYPE svg [<!ENTITY x SYSTEM "${address}">]><svg><text>&x;</text></svg>`),
    "comment that ends early": inSvg(`<!--> <img src=x onerror=${script}> -->`),
    "groups without end": inSvg(`${"<g>".repeat(20_000)}${tag}${"</g>".repeat(20_000)}`),
    "surface's data": inSvg(
      `<g class="surface" data-surface='{"heights":[[0,0],[0,0]],"colors":[],"x":["<img src=x onerror=${script}>","",""],"y":["","",""],"z":["","",""]}'/>`,
    ),
    "pictures' width": changed("pictures", { width: image }),
    "pictures' columns": changed("pictures", { columns: `1);background:url(${address}` }),
    "picture's tone": changed("pictures", { pictures: [{ png: new Uint8Array(9), caption: "", tone: image }] }),
    "picture's address": changed("pictures", { pictures: [{ png: address, caption: "" }] }),
    "picture that is a page": changed("pictures", {
      pictures: [{ png: new TextEncoder().encode(`<html>${tag}`), caption: image }],
    }),
    "bar's colour": withParts([
      {
        kind: "bars",
        name: "b",
        caption: "c",
        label: "l",
        value: { label: "v" },
        bars: [{ ...bar, color: image }],
      },
    ]),
    "bar's colour from elsewhere": withParts([
      {
        kind: "bars",
        name: "b",
        caption: "c",
        label: "l",
        value: { label: "v" },
        bars: [{ ...bar, color: `url(${address})` }],
      },
    ]),
    "figure's name": changed("contour", { name: `x"><img src=x onerror=${script}>` }),
    "figure's kind": changed("table", { kind: "__proto__" }),
    "heat map's value": changed("heat-map", { maps: [{ name: "", values: [[image, 1]] }] }),
    "plane's place": changed("surface", { xs: [0, 1, image] }),
    "plane's height": changed("contour", { values: [[1, 2, image]] }),
    "number that is a text": changed("contour", { xs: [0, 1, { number: image }] }),
    "table's alignment": changed("table", { columns: [{ title: "t", align: image }] }),
    title: { ...exampleReport, title: `</title>${tag}${image}` },
    "title in one language": { ...exampleReport, title: { en: tag, zh: `"${image}` } },
    lead: { ...exampleReport, lead: [tag, image, { en: image, zh: tag }] },
    heading: { ...exampleReport, sections: [{ heading: `</h2>${tag}${image}`, parts: [] }] },
    caption: changed("contour", { caption: `</figcaption>${tag}${image}` }),
    "axis's label": changed("surface", { x: { label: `</text></svg>${tag}${image}` } }),
    "series' name": changed("lines", { title: `</text>${tag}`, y: { label: `</tspan>${image}` } }),
    "table's cell": changed("table", { rows: [[`</td>${tag}`], [`'${image}`]] }),
    "column of a heat map": changed("heat-map", { columns: [`']}'>${tag}`, image] }),
    "a mark of the drawing's own": changed("lines", { y: { label: `\uE0000\uE001\uE00099\uE001${image}` } }),
    "end of the data": { ...exampleReport, lead: [`</script>${tag}`, `<!--<script>`] },
  };
}

/** The page that such a report is handed over in: only its data counts. */
export function pageOf(report: Forged): string {
  return `<!doctype html>${encodeReport(report as unknown as Parameters<typeof encodeReport>[0])}`;
}
