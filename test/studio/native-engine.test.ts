import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Page } from "playwright";
import { expect, onTestFinished, test } from "vitest";
import { createMessageReader, encodeMessage } from "../../src/jobs/byte-message.ts";
import type { RaceEvent } from "../../src/studio/engine.ts";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";
import type { EngineAnswer } from "../../src/studio/server-protocol.ts";
import { expectRecorded, recordedJob, recordedRaces } from "../support/recorded-race.ts";
import { alertOf, english, findViolations, useStudioSite } from "../support/studio-site.ts";

const { newPage } = useStudioSite();

async function serve(): Promise<SiteServer> {
  const server = await serveSite(0);
  onTestFinished(() => server.close());
  return server;
}

/** The cookie that the server's first address gives. */
async function cookieOf({ firstAddress }: SiteServer): Promise<string> {
  const { headers } = await fetch(firstAddress, { redirect: "manual" });
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

const octets = { "Content-Type": "application/octet-stream" };
const bodyOf = (input: unknown): Blob => new Blob([...encodeMessage(input)]);

/** Asks for a job, and reads what is answered to the end. */
async function ask(
  { address }: SiteServer,
  {
    name = "race",
    ...init
  }: {
    readonly name?: string;
    readonly headers?: Record<string, string>;
    readonly body: Blob;
    readonly signal?: AbortSignal;
  },
): Promise<{ readonly status: number; readonly answers: readonly EngineAnswer[] }> {
  const response = await fetch(`${address}api/1/jobs/${name}`, {
    method: "POST",
    ...init,
    headers: { ...octets, ...init.headers },
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isAnswer = response.headers.get("content-type") === octets["Content-Type"];
  return {
    status: response.status,
    answers: isAnswer ? (createMessageReader("answers")(bytes) as readonly EngineAnswer[]) : [],
  };
}

const job = recordedJob(recordedRaces[0]);

test("the native engine gives a race's recorded losses", async () => {
  const server = await serve();
  const { status, answers } = await ask(server, {
    headers: { Cookie: await cookieOf(server) },
    body: bodyOf(recordedRaces.map(recordedJob)),
  });
  expect(status).toBe(200);
  const events = answers.flatMap((answer) => (answer.kind === "event" ? [answer.event as RaceEvent] : []));
  for (const [lane, race] of recordedRaces.entries()) {
    const losses = events.flatMap((event) => (event.kind === "step" && event.lane === lane ? [event.step.loss] : []));
    expect(losses).toHaveLength(80);
    expectRecorded(race, losses);
  }
  expect(answers.at(-1)).toMatchObject({ kind: "result", result: [{ status: "done" }, { status: "done" }] });
});

test("only what was let in may train, from the server's own pages, and only what its schema allows", async () => {
  const server = await serve();
  const body = bodyOf([job]);
  expect((await ask(server, { body })).status).toBe(401);
  const Cookie = await cookieOf(server);
  expect((await ask(server, { body, headers: { Cookie, Origin: "http://127.0.0.1:1" } })).status).toBe(403);
  expect((await ask(server, { body, headers: { Cookie, "Content-Type": "text/plain" } })).status).toBe(415);
  expect((await ask(server, { body: bodyOf([job, "x".repeat(20_000)]), headers: { Cookie } })).status).toBe(413);
  const refusals: readonly (readonly [input: unknown, detail: RegExp])[] = [
    [{}, /^must be Array, got Object$/],
    [[], /^must be >=1, got 0$/],
    [Array.from({ length: 7 }, () => job), /^must be <=6, got 7$/],
    [[{ ...job, depth: 1000 }], /^must be .*56.*, got 1000$/],
    [[{ ...job, rate: Number.NaN }], /^must be number, got NaN$/],
    [[{ ...job, steps: 2001 }], /^must be a whole number from 1 to 2000, got 2001$/],
    [[{ ...job, data: "/etc/passwd" }], /^must be "digits", got/],
    [[{ ...job, digits: "http://127.0.0.1/" }], /^is not known$/],
  ];
  for (const [input, detail] of refusals) {
    const { status, answers } = await ask(server, { body: bodyOf(input), headers: { Cookie } });
    expect([status, answers]).toEqual([
      400,
      [
        {
          kind: "error",
          // Nothing besides, such as where it was thrown.
          error: { kind: "OptionError", where: expect.any(String), detail: expect.stringMatching(detail) },
        },
      ],
    ]);
  }
  const noise = await ask(server, { body: new Blob([Uint8Array.of(1, 2, 3)]), headers: { Cookie } });
  expect([noise.status, noise.answers]).toMatchObject([400, [{ error: { kind: "FormatError" } }]]);
  const stop = `${server.address}api/1/running/none/stop`;
  expect((await fetch(stop, { method: "POST", headers: { Cookie } })).status).toBe(204);
  expect((await fetch(stop, { method: "POST" })).status).toBe(401);
  expect((await fetch(`${server.address}/`)).status).toBe(404);
});

const images = (count: number): Uint8Array => new Uint8Array(count * 3 * 32 * 32).map((_, at) => (at * 7) % 251);
const training = {
  choice: { depth: 8, shortcut: "pad", size: 32, epochs: 1, rate: 0.05, seed: 0 },
  name: "noise",
  classes: ["a", "b"],
  images: images(8),
  labels: [0, 1, 0, 1, 0, 1, 0, 1],
  test: { images: images(2), labels: [0, 1] },
};

test("a training takes images and a choice, and nothing that names a file or a command", async () => {
  const server = await serve();
  const headers = { Cookie: await cookieOf(server) };
  const train = (input: unknown): ReturnType<typeof ask> =>
    ask(server, { name: "training", headers, body: bodyOf(input) });
  const { answers } = await train(training);
  expect(answers.at(-1)).toMatchObject({ kind: "result", result: { status: "done", steps: 2 } });
  const refusals: readonly (readonly [input: unknown, where: string, detail: RegExp])[] = [
    [{ ...training, images: "/etc/passwd" }, "training.images", /^must be Uint8Array, got/],
    [{ ...training, resume: "checkpoint.safetensors" }, "training.resume", /^must be Uint8Array, got/],
    [{ ...training, folder: "/tmp" }, "training.folder", /^is not known$/],
    [{ ...training, choice: { ...training.choice, model: "net.onnx" } }, "training.choice.model", /^is not known$/],
    [
      { ...training, choice: { ...training.choice, size: 4096 } },
      "training.choice.size",
      /^must be \(32 \| 48 \| 64\)/,
    ],
    [{ ...training, classes: ["a"] }, "training.classes", /^must be >=2, got 1$/],
    [
      { ...training, labels: [0, 1, 2] },
      "images",
      /^hold 24576 pixels of 3×32×32, that is 8 images; there are 3 labels$/,
    ],
  ];
  for (const [input, where, detail] of refusals) {
    const refused = await train(input);
    const error = { kind: "OptionError", where, detail: expect.stringMatching(detail) };
    expect(refused.answers.at(-1)).toMatchObject({ kind: "error", error });
  }
  const damaged = await train({ ...training, resume: Uint8Array.of(1, 2, 3) });
  expect(damaged.answers.at(-1)).toMatchObject({ kind: "error", error: { kind: "FormatError", where: "resume" } });
});

/** A request whose body is still to come: its headers alone were sent. @returns what was answered, and the request's end */
async function announce(
  { address }: SiteServer,
  cookie: string,
  headers: Readonly<Record<string, string | number>>,
): Promise<{ readonly answered: () => string; readonly leave: () => void }> {
  const { hostname, port, host } = new URL(address);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  socket.on("error", () => undefined);
  const lines = Object.entries({ Host: host, Cookie: cookie, ...octets, ...headers }).map((pair) => pair.join(": "));
  socket.write(`POST /api/1/jobs/training HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  onTestFinished(() => void socket.destroy());
  return { answered: () => text, leave: () => void socket.destroy() };
}

test("inputs have room before they are read, or are refused at once, in the page's own words", async () => {
  const server = await serve();
  const cookie = await cookieOf(server);
  const large = { "Content-Length": 250_000_000 };
  const [first, second] = [await announce(server, cookie, large), await announce(server, cookie, large)];
  const other = await announce(server, cookie, { "Content-Length": 100_000_000 });
  await expect.poll(other.answered).toContain("HTTP/1.1 503");
  expect(other.answered()).toContain(
    "would be too much at once: 100 MB, beside 500 MB that the server holds, must be at most 559 MB together; stop one, or",
  );
  expect(first.answered() + second.answered()).toBe("");
  const much = await announce(server, cookie, { "Content-Length": 300_000_000 });
  await expect.poll(much.answered).toMatch(/HTTP\/1\.1 413 [^]*has 300000000 bytes, must have at most \d+/);
  const unsaid = await announce(server, cookie, { "Transfer-Encoding": "chunked" });
  await expect.poll(unsaid.answered).toMatch(/HTTP\/1\.1 411 [^]*does not say how many bytes it has; send its/);

  // A browser that sends all of it hears why it is refused, and has room again once the others have left.
  const page = await newPage();
  await page.context().addCookies(
    cookie.split("; ").map((pair) => {
      const [name, value] = pair.split("=");
      return { name, value, url: server.address };
    }),
  );
  await page.goto(server.address);
  const send = (): Promise<readonly [number, string]> =>
    page.evaluate(async () => {
      const headers = { "Content-Type": "application/octet-stream" };
      const body = new Blob([new Uint8Array(70_000_000)]);
      const answer = await fetch("api/1/jobs/training", { method: "POST", headers, body });
      return [answer.status, await answer.text()];
    });
  const [status, text] = await send();
  expect([status, text]).toEqual([503, expect.stringContaining("70 MB, beside 500 MB that the server holds")]);
  for (const { leave } of [first, second]) leave();
  await expect.poll(async () => (await send())[0], { timeout: 30_000 }).toBe(400);
});

test("so many races at once and no more; one whose listener is gone leaves its place", async () => {
  const server = await serve();
  const headers = { Cookie: await cookieOf(server) };
  const long = bodyOf(Array.from({ length: 5 }, () => ({ ...job, depth: 8, steps: 2000 })));
  const leaving = new AbortController();
  const first = ask(server, { headers, body: long, signal: leaving.signal });
  first.catch(() => undefined);
  const next = (): ReturnType<typeof ask> =>
    ask(server, { headers, body: bodyOf(Array.from({ length: 4 }, () => ({ ...job, depth: 8, steps: 1 }))) });
  await expect.poll(next).toMatchObject({
    status: 503,
    answers: [{ error: { detail: expect.stringMatching(/must be at most \(networks: 8, jobs: 4\);/) } }],
  });
  leaving.abort();
  await expect.poll(async () => (await next()).status, { timeout: 60_000 }).toBe(200);
});

/** The processes that this one has started. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

test("a network whose process crashes ends its race and nothing else", async () => {
  const server = await serve();
  const headers = { Cookie: await cookieOf(server) };
  const before = new Set(childrenOf(process.pid));
  const long = { ...job, depth: 8, steps: 2000 };
  const asked = ask(server, { headers, body: bodyOf([long, long]) });
  const own = (): readonly number[] => childrenOf(process.pid).filter((pid) => !before.has(pid));
  await expect.poll(own).toHaveLength(2);
  process.kill(own()[0], "SIGSEGV");
  const { answers } = await asked;
  expect(answers.at(-1)).toEqual({
    kind: "error",
    error: {
      kind: "EnvironmentError",
      where: "race process",
      detail: expect.stringMatching(/^was ended by SIGSEGV; /),
    },
  });
  await expect.poll(own, { timeout: 30_000 }).toEqual([]);
  const after = await ask(server, { headers, body: bodyOf([{ ...job, depth: 8, steps: 1 }]) });
  expect(after.answers.at(-1)).toMatchObject({ kind: "result", result: [{ status: "done", steps: 1 }] });
});

const engineOf = (page: Page): ReturnType<Page["locator"]> => page.locator("select.engine");

test.each([english, { locale: "zh-CN", colorScheme: "dark" } as const])(
  "in $locale, a page trains natively, says so, and stops; axe finds nothing",
  async (look) => {
    const { firstAddress } = await serve();
    const isChinese = look.locale === "zh-CN";
    const page = await newPage(look);
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(`${firstAddress}#/compare?networks=plain-8,pad-8&steps=5`);
    await engineOf(page).waitFor();
    expect(await engineOf(page).locator("option:checked").textContent()).toMatch(
      isChinese ? /^原生，\d+ 个线程$/ : /^native, \d+ threads?$/,
    );
    const start = page.getByRole("button", { name: isChinese ? "开始" : "Start", exact: true });
    await start.click();
    await page.getByRole("table").waitFor();
    expect(page.workers()).toEqual([]);
    const right = page.getByText(isChinese ? /^留出的数字中正确/ : /^Held-back digits right/);
    expect(await right.count()).toBe(2);
    expect(await findViolations(page)).toEqual([]);

    await page.getByLabel(isChinese ? "步数" : "Steps", { exact: true }).fill("2000");
    await page.keyboard.press("Enter");
    await start.click();
    await page
      .getByText(isChinese ? "正在训练……" : "Training …")
      .first()
      .waitFor();
    await page.getByRole("button", { name: isChinese ? "停止" : "Stop" }).click();
    await page
      .getByText(isChinese ? /^在 \d+ 步后停止。$/ : /^Stopped after \d+ steps\.$/)
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  },
);

test("another experiment ends the race of the one before at once, and has its room", async () => {
  const { firstAddress } = await serve();
  const page = await newPage();
  const networks = Array.from({ length: 5 }, () => "pad-56").join(",");
  await page.goto(`${firstAddress}#/compare?networks=${networks}&steps=2000`);
  await engineOf(page).waitFor();
  const before = new Set(childrenOf(process.pid));
  const own = (): readonly number[] => childrenOf(process.pid).filter((pid) => !before.has(pid));
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect.poll(own).toHaveLength(5);
  const first = own();
  await page.evaluate((hash) => void (location.hash = hash), `#/compare?networks=${networks}&steps=5`);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect.poll(() => own().filter((pid) => !first.includes(pid))).toHaveLength(5);
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("a server that is gone in mid-training leaves what was drawn; the page's own engine goes on", async () => {
  const server = await serve();
  const page = await newPage();
  await page.goto(`${server.firstAddress}#/compare?networks=pad-8&steps=2000`);
  await engineOf(page).waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("Training …").waitFor();
  await wait(500);
  await server.close();
  await expect
    .poll(() => alertOf(page), { timeout: 60_000 })
    .toMatch(/^The race ended: race: the server is gone \(.+\); start it again/);
  const stopped = await page.getByText(/^Stopped after \d+ steps\.$/).textContent();
  expect(Number(/\d+/.exec(stopped!)![0])).toBeGreaterThan(0);
  await page.locator("span.engine").waitFor();
  expect(await page.locator("span.engine").textContent()).toMatch(/^page, /);

  // Started anew, with another token, it gives this page its files, and no engine.
  const again = await serveSite(Number(new URL(server.address).port));
  onTestFinished(() => again.close());
  await page.getByLabel("Steps", { exact: true }).fill("5");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/^Held-back digits right/).waitFor();
});

test("the page's engine is chosen, and stays so", async () => {
  const { firstAddress } = await serve();
  const page = await newPage();
  await page.goto(`${firstAddress}#/compare?networks=pad-8&steps=5`);
  await engineOf(page).selectOption("page");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/^Held-back digits right/).waitFor();
  await page.reload();
  await engineOf(page).waitFor();
  expect(await engineOf(page).inputValue()).toBe("page");
});
