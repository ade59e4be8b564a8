// What the studio's pages take in Chromium: until one can use them, to list 10,000 runs, and while two networks train, how many frames are
// drawn beside those of a bare page at the same time, and how long the page is ever held up. Milliseconds; each a median.
// Run: npm run build && node bench/studio.mjs [ROUNDS]
import process from "node:process";
import { chromium } from "playwright";
import { serveSite } from "../dist/studio/node/serve-site.js";
import { findChromium } from "../scripts/chromium.mjs";

const rounds = Number(process.argv[2] ?? 5);
const executablePath = findChromium();
const browser = await chromium.launch({
  args: ["--no-sandbox"],
  ...(executablePath === undefined ? {} : { executablePath }),
});
const server = await serveSite(0);

/** @param {readonly number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
/** @param {number} value */
const whole = (value) => Math.round(value);

/** A page in a browser of its own that has been nowhere, and what to do with it. @template T @param {(page: import("playwright").Page) => Promise<T>} use */
async function inPage(use) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  try {
    return await use(page);
  } finally {
    await context.close();
  }
}

/** @param {string} hash */
const timeToHeading = (hash) =>
  inPage(async (page) => {
    await page.goto(server.address + hash);
    await page.getByRole("heading", { level: 1 }).waitFor();
    return page.evaluate(() => performance.now());
  });

/** Runs as `residua runs export --json` writes them. @param {number} count */
function exportRuns(count) {
  const runs = Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.UTC(2026, 0, 1) + 60_000 * index).toISOString();
    const run = {
      id: `${String(index).padStart(8, "0")}-aaaa`,
      command: "train",
      name: `resnet${index % 2 === 0 ? 20 : 56} on mnist`,
      status: "done",
      tags: [],
      config: { network: { shortcut: index % 2 === 0 ? "plain" : "pad" }, recipe: { epochs: 1, seed: index } },
      configHash: "0",
      seed: index,
      code: { residua: "0.1.0" },
      environment: { node: "22" },
      parentId: null,
      folder: null,
      host: "workstation",
      startedAt: at,
      heartbeatAt: at,
      endedAt: at,
      steps: 2,
      summary: {},
      result: null,
      reason: null,
    };
    return { run, artifacts: [], metrics: { loss: [[2, 1, 1 + index / count]] } };
  });
  return Buffer.from(JSON.stringify({ runs }));
}

/** From a change of the page until what it leads to is drawn, as the page's own clock says. @param {import("playwright").Page} page @param {() => Promise<void>} act @param {string} text @returns {Promise<number>} */
async function timeUntil(page, act, text) {
  const measured = await page.evaluateHandle((wanted) => {
    let begun = 0;
    const taken = new Promise((resolve) => {
      const look = () => {
        if (document.body.textContent.includes(wanted)) requestAnimationFrame(() => resolve(performance.now() - begun));
        else requestAnimationFrame(look);
      };
      const begin = () => {
        if (begun > 0) return;
        begun = performance.now();
        look();
      };
      for (const type of ["change", "input"]) document.addEventListener(type, begin, { capture: true, once: true });
    });
    return { taken };
  }, text);
  await act();
  return page.evaluate(({ taken }) => taken, measured);
}

const timeRuns = () =>
  inPage(async (page) => {
    await page.goto(`${server.address}#/runs`);
    const file = { name: "runs.json", mimeType: "application/json", buffer: exportRuns(10_000) };
    const listed = await timeUntil(
      page,
      () => page.locator("input[name=runs]").setInputFiles(file),
      "1–100 of 10000 runs",
    );
    const filtered = await timeUntil(page, () => page.getByLabel("Filter").fill("resnet20"), "1–100 of 5000 runs");
    return { listed, filtered };
  });

/** Frames that a page draws per second. @param {import("playwright").Page} page @param {number} ms @returns {Promise<number>} */
const countFrames = (page, ms) =>
  page.evaluate(
    (length) =>
      new Promise((resolve) => {
        const begun = performance.now();
        let frames = 0;
        const draw = () => {
          frames++;
          if (performance.now() - begun < length) requestAnimationFrame(draw);
          else resolve((1000 * frames) / (performance.now() - begun));
        };
        requestAnimationFrame(draw);
      }),
    ms,
  );

/** Two networks race in a page; a bare page beside it sees the same training. */
const watchRace = () =>
  inPage(async (page) => {
    await page.goto(`${server.address}#/compare?networks=plain-56,pad-56&steps=400`);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("img", { name: /^Loss, / }).waitFor();
    const watched = await page.evaluateHandle(() => {
      /** @type {number[]} */
      const tasks = [];
      const observer = new PerformanceObserver((list) =>
        tasks.push(...list.getEntries().map(({ duration }) => duration)),
      );
      observer.observe({ type: "longtask" });
      return { tasks, observer };
    });
    /** @type {number[]} */
    const own = [];
    /** @type {number[]} */
    const bare = [];
    await inPage(async (other) => {
      await other.goto("about:blank");
      for (let round = 0; round < rounds; round++) {
        own.push(await countFrames(page, 1500));
        bare.push(await countFrames(other, 1500));
      }
    });
    const tasks = await page.evaluate((kept) => kept.tasks, watched);
    return { own: median(own), bare: median(bare), longest: Math.max(0, ...tasks), held: tasks.length };
  });

/** @type {number[]} */
const learn = [];
/** @type {{ listed: number, filtered: number }[]} */
const runs = [];
for (let round = 0; round < rounds; round++) {
  learn.push(await timeToHeading("#/learn"));
  runs.push(await timeRuns());
}
const race = await watchRace();
const report = {
  rounds,
  learnHeading: whole(median(learn)),
  runsListed: whole(median(runs.map(({ listed }) => listed))),
  runsFiltered: whole(median(runs.map(({ filtered }) => filtered))),
  framesPerSecond: { whileTraining: Number(race.own.toFixed(1)), bareBeside: Number(race.bare.toFixed(1)) },
  tasksAbove50: race.held,
  longestTask: whole(race.longest),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
await browser.close();
await server.close();
