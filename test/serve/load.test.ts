import { writeFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { ServerEvent } from "../../src/serve/node/server.ts";
import { createClient } from "../../src/serve/web/client.ts";
import {
  binaryRequest,
  networkBytes,
  samplesFor,
  serveInTest,
  slowCard,
  smallCard,
  testFolder,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";

// What a server must stand: counted, never timed.

async function folderWith(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = await testFolder();
  await writeFiles(folder, files);
  return folder;
}

const policyFile = async (policy: object): Promise<string> => {
  const path = join(await testFolder(), "policy.json");
  const base = { listen: [{ address: "127.0.0.1", port: 0 }], network: { allow: ["127.0.0.0/8"] } };
  await writeFile(path, JSON.stringify({ ...base, ...policy }));
  return path;
};

/** Requests wait as long as they like: a busy machine refuses none of them. */
const patient = { limits: { waitMs: 60_000, requestTimeoutMs: 60_000 } };

/** A port of this machine in use, until it is freed. */
async function takePort(): Promise<{ readonly port: number; readonly free: () => Promise<void> }> {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  return { port, free: () => new Promise((resolve) => void other.close(() => resolve())) };
}

/** Until something holds, at most ten seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !holds(); tries++) await sleep(10);
  expect(holds()).toBe(true);
}

const gauge = (server: TestServer, name: string, model: string): number =>
  Number(new RegExp(`${name}\\{model="${model}".*\\} (\\d+)`).exec(server.tellMetrics())?.[1] ?? 0);
const waiting = (server: TestServer, model: string): number =>
  gauge(server, "residua_inference_pending_request_count", model);
const isRunning = (server: TestServer, model: string): boolean =>
  gauge(server, "residua_inference_running_samples", model) > 0;

test("a queue has its bounds: what does not fit is refused at once, and told when to come back", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard) });
  const server = await serveInTest({
    sources: [folder],
    maxBatch: 1,
    policy: await policyFile({ limits: { queueRequests: 2 } }),
  });
  const request = binaryRequest({ images: samplesFor(slowCard, 1) });
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => fetch(`${server.url}/v2/models/slow/infer`, request)),
  );
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(12);
  expect(refused.every(({ headers }) => Number(headers.get("retry-after")) >= 1)).toBe(true);
  expect(await refused[0].json()).toEqual({ error: expect.stringMatching(/^slow\/1: .*; try again after \d+ s$/) });
});

test("a request whose client has gone leaves the queue", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard) });
  const server = await serveInTest({ sources: [folder], maxBatch: 1, policy: await policyFile(patient) });
  const client = createClient(server.url);
  const images = samplesFor(slowCard, 16);
  const first = client.infer("slow", { images });
  await until(() => isRunning(server, "slow"));
  const controller = new AbortController();
  const left = client.infer("slow", { images: samplesFor(slowCard, 1) }, { signal: controller.signal });
  await until(() => waiting(server, "slow") > 0);
  controller.abort();
  await expect(left).rejects.toThrow("abort");
  await first;
  await until(() => server.budget.used() === 0 && waiting(server, "slow") === 0);
  const labels = { model: "slow", version: "1" };
  await until(() => server.metrics.value("residua_inference_request_failure", { ...labels, reason: "CANCELED" }) === 1);
  expect(server.metrics.value("residua_inference_count", labels)).toBe(16);
});

test("a request that is not reached before its deadline is told so, also while the worker is busy", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard), "small.onnx": networkBytes(smallCard) });
  const server = await serveInTest({ sources: [folder], maxBatch: 1 });
  const client = createClient(server.url);
  const first = client.infer("slow", { images: samplesFor(slowCard, 64) });
  await until(() => isRunning(server, "slow"));
  // Another model's queue is empty, so that the request is taken; the only worker is busy for longer than it may wait.
  const late = client.infer("small", { images: samplesFor(smallCard, 1) }, { timeout: 60 });
  await expect(late).rejects.toMatchObject({ status: 504 });
  await first;
});

test("a worker that is killed under load costs no request, and another takes its place", async () => {
  const folder = await folderWith({ "small.onnx": networkBytes(smallCard) });
  const server = await serveInTest({ sources: [folder], workers: 2, policy: await policyFile(patient) });
  const client = createClient(server.url);
  const inputs = Array.from({ length: 6 }, (_, seed) => samplesFor(smallCard, 1, seed));
  const alone: Float32Array[] = [];
  for (const images of inputs) alone.push((await client.infer("small", { images }))["scores"].data as Float32Array);
  const load = { isOn: true };
  let answered = 0;
  let wrong = 0;
  const failures: unknown[] = [];
  const clients = inputs.map(async (images, index) => {
    while (load.isOn)
      try {
        const { scores } = await client.infer("small", { images });
        answered++;
        const isSame = (scores.data as Float32Array).every((value, at) => Math.abs(value - alone[index][at]) < 1e-5);
        if (!isSame) wrong++;
      } catch (error) {
        failures.push(error);
      }
  });
  for (let round = 0; round < 2; round++) {
    await until(() => server.processes().length === 2);
    await sleep(200);
    process.kill(server.processes()[0], "SIGKILL");
    await until(() => server.events.filter(({ kind }) => kind === "worker-back").length === round + 1);
  }
  load.isOn = false;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(wrong).toBe(0);
  expect(answered).toBeGreaterThan(20);
  expect(server.metrics.value("residua_worker_restarts_total")).toBe(2);
  expect(server.processes().length).toBe(2);
});

test("versions are swapped under load without a failed or a mixed answer", async () => {
  const folder = await folderWith({ "small/1/model.onnx": networkBytes(smallCard, 1) });
  const policy = await policyFile(patient);
  const server = await serveInTest({ sources: [folder], policy, allowRepository: true });
  const client = createClient(server.url);
  const images = samplesFor(smallCard, 1);
  const scoresOf = async (): Promise<string> =>
    Array.from((await client.infer("small", { images }))["scores"].data as Float32Array, (value) =>
      value.toFixed(4),
    ).join();
  const known = new Set([await scoresOf()]);
  const seen: string[] = [];
  const failures: unknown[] = [];
  const swaps = { areOn: true };
  const load = Array.from({ length: 4 }, async () => {
    while (swaps.areOn || seen.length < 200)
      await scoresOf().then(
        (scores) => seen.push(scores),
        (error) => failures.push(error),
      );
  });
  for (let swap = 2; swap <= 6; swap++) {
    // Both ways: a version anew, and a higher one beside it.
    const version = swap % 2 === 0 ? 1 : swap;
    await writeFiles(folder, { [`small/${version}/model.onnx`]: networkBytes(smallCard, swap) });
    const response = await fetch(`${server.url}/v2/repository/models/small/load`, { method: "POST" });
    expect(response.status).toBe(200);
    known.add(await scoresOf());
  }
  swaps.areOn = false;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect(seen.length).toBeGreaterThanOrEqual(200);
  expect(seen.filter((scores) => !known.has(scores))).toEqual([]);
  expect(known.size).toBeGreaterThan(2);
});

test("what bodies hold together never passes the limit, whatever they unpack to, and is given back", async () => {
  const folder = await folderWith({ "small.onnx": networkBytes(smallCard) });
  const most = 4 * 2 ** 20;
  const server = await serveInTest({
    sources: [folder],
    policy: await policyFile({
      limits: { totalBytes: most, bodyBytes: 2 ** 20, unpackedBytes: 3 * 2 ** 20, requestTimeoutMs: 4000 },
    }),
  });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, server.budget.used())), 1);
  const url = `${server.url}/v2/models/small/infer`;
  const bomb = (encoding: "gzip" | "br", unpacked: number): Promise<number> => {
    const pack = encoding === "gzip" ? gzipSync : brotliCompressSync;
    return fetch(url, {
      method: "POST",
      body: new Uint8Array(pack(Buffer.alloc(unpacked, 32))),
      headers: { "content-encoding": encoding },
    }).then(({ status }) => status);
  };
  expect(await bomb("gzip", 64 * 2 ** 20)).toBe(413);
  expect(await bomb("br", 64 * 2 ** 20)).toBe(413);
  expect(server.budget.used()).toBe(0);

  const bombs = await Promise.all(Array.from({ length: 12 }, () => bomb("gzip", 2 * 2 ** 20)));
  expect(new Set([...bombs, 400, 503])).toEqual(new Set([400, 503]));

  // Slow uploads that declare a mebibyte each and send a byte.
  const port = Number(new URL(server.url).port);
  const slow = Array.from(
    { length: 20 },
    () =>
      new Promise<string>((resolve) => {
        let text = "";
        const socket = connect(port, "127.0.0.1");
        socket.on("data", (piece) => (text += piece.toString()));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(text.slice(9, 12)));
        socket.write(`POST /v2/models/small/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 ** 20}\r\n\r\n{`);
      }),
  );
  await until(() => server.budget.used() > most / 2);
  const good = await fetch(url, binaryRequest({ images: samplesFor(smallCard, 1) }));
  expect([200, 503]).toContain(good.status);
  const statuses = await Promise.all(slow);
  expect(statuses.filter((status) => status === "503").length).toBeGreaterThan(10);
  expect(new Set([...statuses, "503", "408"])).toEqual(new Set(["503", "408"]));
  await until(() => server.budget.used() === 0);
  clearInterval(watch);
  expect(peak).toBeLessThanOrEqual(most);
  expect(peak).toBeGreaterThan(most / 2);
  expect((await fetch(url, binaryRequest({ images: samplesFor(smallCard, 1) }))).status).toBe(200);
});

test("a server listens before it loads: it lives, is not ready, and takes nothing until it is", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard) });
  const { port, free } = await takePort();
  await free();
  const starting = serveInTest({ sources: [folder], policy: { host: "127.0.0.1", port } });
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => fetch(`${url}/v2/health/live`).catch(() => undefined), { timeout: 20_000 }).toBeDefined();
  const [live, ready, early] = await Promise.all([
    fetch(`${url}/v2/health/live`),
    fetch(`${url}/v2/health/ready`),
    fetch(`${url}/v2/models/slow/infer`, binaryRequest({ images: samplesFor(slowCard, 1) })),
  ]);
  expect([live.status, ready.status, early.status, early.headers.get("retry-after")]).toEqual([200, 503, 503, "1"]);
  expect(await early.text()).toContain("is starting; try again after 1 s");
  const server = await starting;
  expect(server.events.map(({ kind }) => kind)).toEqual(["loaded", "listening"]);
  expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
});

test("a port in use is told before anything is loaded, and nothing is left behind", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard) });
  const { port, free } = await takePort();
  const countChildren = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "ProcessWrap").length;
  const before = countChildren();
  const events: ServerEvent[] = [];
  const start = serveInTest({
    sources: [folder],
    policy: { host: "127.0.0.1", port },
    onEvent: (event) => events.push(event),
  });
  await expect(start).rejects.toThrow(`127.0.0.1:${port}: is in use by another program; choose another`);
  expect(events).toEqual([]);
  await expect.poll(countChildren).toBeLessThanOrEqual(before);
  await free();
});

test("a server that closes is not ready, answers what is under way, and takes nothing new", async () => {
  const folder = await folderWith({ "slow.onnx": networkBytes(slowCard) });
  const server = await serveInTest({ sources: [folder], maxBatch: 1 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const kept = (path: string): Promise<{ readonly status: number; readonly connection: string | undefined }> =>
    new Promise((resolve, reject) => {
      httpRequest(server.url + path, { agent }, (response) => {
        response.resume();
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
        );
      })
        .on("error", reject)
        .end();
    });
  expect(await kept("/v2/health/ready")).toMatchObject({ status: 200, connection: "keep-alive" });
  const under = createClient(server.url).infer("slow", { images: samplesFor(slowCard, 16) });
  await until(() => isRunning(server, "slow"));
  const closed = server.close();
  expect((await under)["scores"].shape).toEqual([16, 3]);
  await closed;
  await expect(fetch(`${server.url}/v2/health/live`)).rejects.toThrow("fetch failed");
  agent.destroy();
});
