import fc from "fast-check";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium } from "../scripts/chromium.mjs";
import { decodeReport, renderReport } from "../src/report/node/index.ts";
import { rebuildDrawing } from "../src/report/node/inert-svg.ts";
import { FormatError } from "../src/tensor/errors.ts";
import { exampleReport } from "./support/example-report.ts";
import { hostileReports, pageOf } from "./support/hostile-reports.ts";

let browser: Browser;
let server: Server;
let address: string;
let written = "";
const asked: string[] = [];

beforeAll(async () => {
  server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.setHeader("Content-Type", url === "/page" ? "text/html; charset=utf-8" : "text/javascript");
    response.end(url === "/page" ? written : "window.ran = true");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const executablePath = findChromium();
  browser = await chromium.launch({
    args: ["--no-sandbox"],
    ...(executablePath === undefined ? {} : { executablePath }),
  });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** Opens a page, touches everything in it, and says what it did on its own. */
async function open(page: string): Promise<{ ran: boolean; asked: readonly string[]; errors: readonly string[] }> {
  written = page;
  asked.length = 0;
  const tab = await browser.newPage();
  const errors: string[] = [];
  let ran = false;
  tab.on("dialog", (dialog) => ((ran = true), void dialog.dismiss()));
  tab.on("pageerror", ({ message }) => errors.push(message));
  await tab.goto(`${address}/page`, { waitUntil: "load" });
  await tab.evaluate(() => {
    for (const element of document.querySelectorAll("figure *, h1, h2, p, nav *")) {
      for (const kind of ["mouseover", "focus", "click"]) element.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  });
  await tab.waitForTimeout(100);
  ran ||= await tab.evaluate(() => Object.hasOwn(window, "ran"));
  if (tab.url().split("#")[0] !== `${address}/page`) errors.push(`went to ${tab.url()}`);
  await tab.close();
  return { ran, asked: asked.filter((path) => path !== "/page" && path !== "/favicon.ico"), errors };
}

/** The page that is made of another one, or why it is not. */
function takeOver(page: string): string | FormatError {
  try {
    return renderReport(decodeReport(page, "other.html"));
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

/** A page may be refused, in one line that names the file: then nothing happened. */
const refused = ({ message }: FormatError): Awaited<ReturnType<typeof open>> => ({
  ran: false,
  asked: [],
  errors: /^other\.html: [^\n]+$/.test(message) ? [] : [message],
});

test("what is tried here works where nothing stands against it", async () => {
  const page = `<!doctype html><svg/onload="window.ran=1"></svg><img src="${address}/beacon">`;
  expect(await open(page)).toEqual({ ran: true, asked: ["/beacon"], errors: [] });
});

test("no report from elsewhere runs or fetches anything in the page that takes it over", async () => {
  const reports = Object.entries(hostileReports("window.ran=1", `${address}/beacon`));
  expect(reports.length).toBeGreaterThan(60);
  const taken: string[] = [];
  for (const [name, report] of reports) {
    const page = takeOver(pageOf(report));
    const done = page instanceof FormatError ? refused(page) : await open(page);
    if (!(page instanceof FormatError)) taken.push(name);
    expect(done, name).toEqual({ ran: false, asked: [], errors: [] });
  }
  // Texts are texts: refusing them would refuse names of classes.
  expect(taken).toEqual(expect.arrayContaining(["title", "lead", "caption", "table's cell", "axis's label"]));
  expect(taken).not.toEqual(expect.arrayContaining(["script"]));
});

test("a page runs its own script alone, whatever is put into it", async () => {
  const page = renderReport(exampleReport);
  const attacks = [
    `<script>window.ran=1</script>`,
    `<script type="module">window.ran=1</script>`,
    `<script src="${address}/script.js"></script>`,
    `<svg/onload="window.ran=1"></svg>`,
    `<iframe srcdoc="<script>parent.ran=1</script>"></iframe>`,
    `<img src="${address}/beacon">`,
    `<link rel="stylesheet" href="${address}/style.css"><style>@import "${address}/more.css";h1{background:url(${address}/b)}</style>`,
    `<object data="${address}/object"></object><embed src="${address}/embed"><video src="${address}/v"></video>`,
  ];
  for (const attack of attacks) {
    const { ran, asked: fetched } = await open(page.replace("</header>", `</header>${attack}`));
    expect({ ran, fetched }, attack).toEqual({ ran: false, fetched: [] });
  }
});

const names = "svg g rect text title script style image use a iframe foreignObject x:svg animate SVG img math".split(
  " ",
);
const keys = "x width fill href onload style class d xlink:href src data-surface id transform filter".split(" ");
const values = fc.oneof(
  fc.constantFrom("1", "red", "url(http://a/)", "javascript:x", "fill:red", "fill:url(//a)", "a", "M0,0"),
  fc.string({ unit: "binary" }),
);
const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
const element = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "binary" }),
    fc.string({ unit: "binary" }).map(escape),
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), values), { maxLength: 3, selector: ([key]) => key }),
        fc.array(tie("node"), { maxLength: 3 }),
      )
      .map(
        ([name, attributes, inside]) =>
          `<${name}${attributes.map(([key, value]) => ` ${key}="${escape(value)}"`).join("")}>${inside.join("")}</${name}>`,
      ),
  ),
})).node;

test("what a drawing is rebuilt into is made of harmless parts, and is rebuilt into itself", () => {
  let kept = 0;
  fc.assert(
    fc.property(fc.array(element, { maxLength: 4 }), (inside) => {
      let drawn: string;
      try {
        drawn = rebuildDrawing(`<svg>${inside.join("")}</svg>`, "a.html");
      } catch (error) {
        return error instanceof FormatError;
      }
      kept++;
      expect(rebuildDrawing(drawn, "a.html")).toBe(drawn);
      // Read as plain text: a bracket begins nothing but a known element with known attributes, in quotes without brackets.
      const rest = drawn.replaceAll(
        /<\/?(svg|g|rect|text|title)((?: (?:x|width|fill|style|class|d|transform)="[^"<>]*")*)\/?>/g,
        "",
      );
      expect(rest).not.toMatch(/[<>"']/);
      const paints = Array.from(drawn.matchAll(/ (?:style|fill|class)="([^"]*)"/g), ([, value]) => value).join("");
      expect(paints).not.toMatch(/[()\\@&]/);
    }),
    { seed: 7, numRuns: 3000 },
  );
  expect(kept).toBeGreaterThan(300);
});
