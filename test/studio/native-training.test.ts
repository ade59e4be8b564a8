import { mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Page } from "playwright";
import { expect, onTestFinished, test } from "vitest";
import { open } from "../../src/node.ts";
import { openDataFolder } from "../../src/studio/node/data-folders.ts";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";
import { makePictures } from "../support/image-folder.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { newPage } = useStudioSite();

/** A page of a server that lets it in, on which nothing may fail. */
async function openTraining(query: string): Promise<{ page: Page; server: SiteServer; faults: readonly string[] }> {
  const server = await serveSite(0);
  onTestFinished(() => server.close());
  const page = await newPage();
  const faults: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(`${server.firstAddress}#/train?${query}`);
  await page.locator("select.engine").waitFor();
  await page.locator("input[name=folder]").setInputFiles(await makePictures(8));
  await page.locator(".classes li").first().waitFor();
  return { page, server, faults };
}

const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
const choose = (page: Page, kind: string): Promise<unknown> => page.locator("select.engine").selectOption(kind);
const verdict = /^\d+ of 6 images held back are right/;
/** What the page says of the engine that trained and judged. */
const madeBy = {
  server: /^Trained and tested natively, by the server: .+ on node [\d.]+\.$/,
  page: /^Trained and tested in this page: .+ on web [\d.]+\.$/,
};

/** The losses of the training that the page keeps. */
function keptLosses(page: Page): Promise<readonly number[]> {
  return page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("residua-train");
    const file = await (await folder.getFileHandle("curve.json")).getFile();
    return (JSON.parse(await file.text()) as { loss: number }[]).map(({ loss }) => loss);
  });
}

test("a folder is trained and judged natively through the page, with the losses and judgements of the page's engine", async () => {
  const { page, faults } = await openTraining("epochs=10&seed=2");
  const losses: (readonly number[])[] = [];
  const judgements: string[] = [];
  const opened: string[] = [];
  page.on("worker", (worker) => opened.push(worker.url().replace(/^.*\/(.+)-.{8}\.js$/, "$1")));
  for (const [kind, start] of [
    ["server", "Train"],
    ["page", "Train from the start"],
  ] as const) {
    await choose(page, kind);
    await press(page, start);
    await page.getByText(/^Step \d+ of 20, |^Testing on/).waitFor();
    await page.getByText(verdict).waitFor();
    await expect.poll(async () => (await keptLosses(page)).length).toBe(20);
    losses.push(await keptLosses(page));
    await page.getByText(madeBy[kind]).waitFor();
    judgements.push(
      `${await page.getByText(verdict).textContent()}; ${await page.locator(".result table").textContent()}`,
    );
    expect(opened).toEqual(kind === "server" ? [] : ["train-worker", "judge-worker"]);
  }
  expect(judgements[0]).toBe(judgements[1]);
  const [native, own] = losses;
  for (const [step, loss] of native.entries())
    // The blocked lowering and WebAssembly sum in another order, which grows from step to step.
    expect(Math.abs(loss - own[step]), `step ${step + 1}`).toBeLessThan(step < 5 ? 1e-4 : 1e-2);
  const [onnx] = await Promise.all([page.waitForEvent("download"), press(page, "Download ONNX")]);
  const network = await open(await onnx.path(), { task: "classify" });
  expect(network.card).toMatchObject({ classes: ["left", "right", "top"], model: { name: "resnet8" } });
  await network.release();
  expect(await findViolations(page)).toEqual([]);
  expect(faults).toEqual([]);
});

/** The step that the page is at. */
async function stepOf(page: Page): Promise<number> {
  const shown = page.getByText(/^Step \d+ of \d+, /);
  await shown.waitFor();
  return Number(/\d+/.exec((await shown.textContent())!)![0]);
}

test("a native training goes on while its tab is closed, is found again, stopped, and ends in the page's own engine", async () => {
  const { page, server, faults } = await openTraining("depth=20&epochs=500");
  await press(page, "Train");
  await page.getByText(/^It goes on in the server when this tab is closed/).waitFor();
  await page.getByText(/^Kept up to step ([2-9]|\d\d+): should the server end/).waitFor();
  const before = await stepOf(page);
  await page.close();
  await wait(1000);
  const again = await page.context().newPage();
  again.setDefaultTimeout(120_000);
  again.on("pageerror", ({ message }) => (faults as string[]).push(message));
  await again.goto(`${server.address}#/train`);
  const found = await stepOf(again);
  expect(found).toBeGreaterThan(before);
  // The curve has every step, those that no page heard as well.
  await expect.poll(async () => (await keptLosses(again)).length, { timeout: 60_000 }).toBeGreaterThan(found);
  expect((await keptLosses(again)).every((loss) => loss > 0)).toBe(true);
  await press(again, "Stop");
  await again.getByText(/^Stopped after \d+ of 1000 steps/).waitFor();
  const ended = await again.getByText(verdict).textContent();
  // What has ended is found again, too.
  await again.reload();
  await again.getByText(verdict).waitFor();
  expect(await again.getByText(verdict).textContent()).toBe(ended);
  await again.getByText(madeBy.server).waitFor();
  await choose(again, "page");
  await press(again, "Go on");
  await again.getByText(/^the checkpoint was made with .*node .*: the last bits may differ$/).waitFor();
  expect(await stepOf(again)).toBeGreaterThan(found);
  await press(again, "Stop");
  await again.getByText(verdict).waitFor();
  expect(faults).toEqual([]);
});

test("until the server has answered for a training of an earlier visit, it is not gone on with beside the one there", async () => {
  const { page, server, faults } = await openTraining("depth=20&epochs=500");
  await press(page, "Train");
  await page.getByText(/^Kept up to step ([2-9]|\d\d+): should the server end/).waitFor();
  await page.close();
  const again = await page.context().newPage();
  again.setDefaultTimeout(120_000);
  let answer: () => void = () => undefined;
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  await again.route("**/api/1/running", async (route) => {
    await mayAnswer;
    await route.continue();
  });
  await again.goto(`${server.address}#/train`);
  await again.getByRole("button", { name: "Train", exact: true }).waitFor();
  expect(await again.getByRole("button", { name: "Go on", exact: true }).count()).toBe(0);
  answer();
  await stepOf(again);
  await press(again, "Stop");
  await again.getByText(/^Stopped after \d+ of 1000 steps/).waitFor();
  // Found again once more when it is over, it still says of how many steps.
  await again.reload();
  await again.getByText(/^Stopped after \d+ of 1000 steps/).waitFor();
  await again.getByRole("button", { name: "Go on", exact: true }).waitFor();
  expect(faults).toEqual([]);
});

test("another tab lists a native training, stops it, and has its network; whoever leaves it has the server forget it", async () => {
  const { page, server, faults } = await openTraining("depth=20&epochs=500");
  await press(page, "Train");
  await stepOf(page);
  const other = await page.context().newPage();
  other.setDefaultTimeout(120_000);
  await other.goto(`${server.address}#/train`);
  await other.getByText(/^resnet20, pad on .+ \(3 classes\): step \d+ of 1000$/).waitFor();
  // In full it is shown where it was begun.
  expect(await page.locator(".ongoing").count()).toBe(0);
  expect(await findViolations(other)).toEqual([]);
  await other.locator(".ongoing").getByRole("button", { name: "Stop" }).click();
  await page.getByText(/^Stopped after \d+ of 1000 steps/).waitFor();
  const [theirs] = await Promise.all([
    other.waitForEvent("download"),
    other.locator(".ongoing").getByRole("button", { name: "Download ONNX" }).click(),
  ]);
  const [own] = await Promise.all([page.waitForEvent("download"), press(page, "Download ONNX")]);
  const [mine, others] = await Promise.all([own, theirs].map(async (file) => readFile(await file.path())));
  expect(mine.equals(others)).toBe(true);
  await press(page, "Other images");
  await other.locator(".ongoing").waitFor({ state: "detached" });
  expect(await (await fetch(`${server.address}api/1/running`)).text()).toContain("Open the address");
  expect(faults).toEqual([]);
});

test("folders of the command line are offered, by their places alone, and trained", async () => {
  const folder = await makePictures(8);
  await writeFile(join(folder, "left", ".hidden.png"), "hidden");
  await symlink("/etc/passwd", join(folder, "left", "link.png"));
  const offered = await openDataFolder(folder);
  expect(offered.paths).toHaveLength(24);
  expect(offered.paths[0]).toBe(`${basename(folder)}/left/00.png`);
  const server = await serveSite(0, { folders: [offered] });
  onTestFinished(() => server.close());
  const page = await newPage();
  await page.goto(`${server.firstAddress}#/train?epochs=3`);
  await page.getByRole("button", { name: basename(folder), exact: true }).waitFor();
  expect(await findViolations(page)).toEqual([]);
  await press(page, basename(folder));
  await page.locator(".classes li").first().waitFor();
  expect(await page.locator(".classes h2").allTextContents()).toEqual(["left", "right", "top"]);
  await press(page, "Train");
  await page.getByText(verdict).waitFor();

  const statusOf = (path: string): Promise<number> =>
    page.evaluate(async (address) => (await fetch(address)).status, `${server.address}api/1/data/${path}`);
  expect(await statusOf("0/0")).toBe(200);
  for (const path of ["0/24", "1/0", "0/-1", "0/00", "0/0.0", "0/..%2f..%2fpackage.json", "0/length", "length/0"])
    expect(await statusOf(path), path).toBe(404);
  // A file that has become a link since is none of the folder's.
  await rm(join(folder, "left", "00.png"));
  await symlink("/etc/passwd", join(folder, "left", "00.png"));
  expect(await statusOf("0/0")).toBe(404);
  const right = offered.paths.findIndex((path) => path.includes("/right/"));
  expect(await statusOf(`0/${right}`)).toBe(200);
  await rename(join(folder, "right"), `${folder}-moved`);
  onTestFinished(() => rm(`${folder}-moved`, { recursive: true }));
  await symlink(`${folder}-moved`, join(folder, "right"));
  expect(await statusOf(`0/${right}`)).toBe(404);
  for (const path of ["", "/0/0"]) expect((await fetch(`${server.address}api/1/data${path}`)).status).toBe(401);
});

test("a folder without files, and one that is not there, are named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-empty-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await expect(openDataFolder(folder)).rejects.toThrow(
    `data: ${folder} has 0 files, must have 1 to 20000; name the folder`,
  );
  await expect(openDataFolder(join(folder, "none"))).rejects.toThrow(/none: .*no such/i);
});

test("a server that is gone in mid-training leaves the curve; the training goes on in the page's own engine", async () => {
  const { page, server } = await openTraining("epochs=400");
  await press(page, "Train");
  await page.getByText(/^Kept up to step ([2-9]|\d\d+):/).waitFor();
  await server.close();
  await page.getByText(/^training: the server is gone \(.+\); start it again/).waitFor();
  const steps = (await keptLosses(page)).length;
  expect(steps).toBeGreaterThan(1);
  const again = await serveSite(Number(new URL(server.address).port));
  onTestFinished(() => again.close());
  await page.locator("span.engine").waitFor();
  await press(page, "Go on");
  const now = page.getByText(/^Step \d+ of 800, /);
  await now.waitFor();
  expect(Number(/\d+/.exec((await now.textContent())!)![0])).toBeGreaterThanOrEqual(steps);
  await press(page, "Stop");
  await page.getByText(verdict).waitFor();
});

test("a server that is gone while its folder is read ends the reading, and leaves no part of it", async () => {
  const folder = await openDataFolder(await makePictures(8));
  let isGone = false;
  // Files that never come, once the server is about to go.
  const openFirst: typeof folder.open = async (place) => {
    if (place < 10) return folder.open(place);
    isGone = true;
    return new Promise(() => undefined);
  };
  const server = await serveSite(0, { folders: [{ ...folder, open: openFirst }] });
  onTestFinished(() => server.close());
  const page = await newPage();
  await page.goto(`${server.firstAddress}#/train?epochs=3`);
  await press(page, folder.name);
  await expect.poll(() => isGone).toBe(true);
  await server.close();
  await page.getByText(/^images: the server is gone \(.+\); read them again once it runs$/).waitFor();
  expect(await page.locator(".classes li").count()).toBe(0);
});

test("other images in mid-judgement end the judgement, and leave nothing of the network that was judged", async () => {
  const { page, faults } = await openTraining("epochs=1");
  await choose(page, "page");
  // The judge is told nothing, and would judge for ever.
  await page.evaluate(() => {
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker, ...given: unknown[]) {
      const [{ residua }] = given as [{ residua?: { input?: { onnx?: unknown } } }];
      if (residua?.input?.onnx === undefined) Reflect.apply(send, this, given);
    } as typeof send;
  });
  await press(page, "Train");
  await page.getByText(/^Testing on/).waitFor();
  const judge = page.workers().find((worker) => worker.url().includes("judge-worker"))!;
  const isOver = judge.waitForEvent("close");
  await press(page, "Other images");
  await isOver;
  await page.locator("input[name=folder]").setInputFiles(await makePictures(9));
  await page.getByRole("button", { name: "Train", exact: true }).waitFor();
  expect(await page.getByText(/images held back are right/).count()).toBe(0);
  expect(faults).toEqual([]);
});
