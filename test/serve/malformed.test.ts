import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeKeyPair } from "../../src/artifacts/node/index.ts";
import { readVerifyingKey } from "../../src/artifacts/node/signing-keys.ts";
import { verifyAudit } from "../../src/serve/node/audit/verify.ts";
import { createClient } from "../../src/serve/web/client.ts";
import { makeCertificate } from "../support/certificates.ts";
import { type RawAnswer, sendMalformed, type Target, withoutHttp } from "../support/malformed.ts";
import { counted, memoryOf, startServeCommand } from "../support/serve-command.ts";
import { networkBytes, samplesFor, smallCard, testFolder, writeFiles } from "../support/serving.ts";

/** Good requests, and as many malformed ones; RESIDUA_REQUESTS=10000 for the whole count. */
const COUNT = Number(process.env["RESIDUA_REQUESTS"] ?? 250);
const AT_ONCE = 10;
const MEGABYTE = 1e6;
const TOTAL_BYTES = 256 * 2 ** 20;

const isClose = (a: Float32Array, b: Float32Array): boolean =>
  a.every((value, index) => Math.abs(value - b[index]) < 1e-5);

test(`${COUNT} malformed requests among ${COUNT} good ones: each good one is answered right, each bad one told`, async () => {
  const folder = await testFolder();
  await writeFiles(folder, { "small.onnx": networkBytes(smallCard) });
  const { secret, public: publicKey } = await makeKeyPair(join(folder, "server"), "sign");
  const [file, policy] = [join(folder, "audit.jsonl"), join(folder, "policy.json")];
  const place = { address: "127.0.0.1", port: 0 };
  await writeFile(
    policy,
    JSON.stringify({
      listen: [place, { ...place, tls: makeCertificate(folder, "tls") }],
      admin: place,
      network: { allow: ["127.0.0.0/8"], deny: ["127.0.0.9"] },
      limits: {
        connectionsPerAddress: 512,
        headersTimeoutMs: 1000,
        waitMs: 60_000,
        // Bodies of all that ask at once fit: otherwise some would rightly be answered 503.
        unpackedBytes: 8 * 2 ** 20,
        totalBytes: TOTAL_BYTES,
      },
      audit: { file, signingKey: secret, maxBytes: MEGABYTE },
    }),
  );
  const server = await startServeCommand([join(folder, "small.onnx"), "--policy", policy, "--workers", "1"], 3);
  const [url, tls, metrics] = server.addresses;
  const portOf = (address: string): number => Number(new URL(address).port);
  const target: Target = { port: portOf(url), tlsPort: portOf(tls), denied: "127.0.0.9" };
  const client = createClient(url);
  const inputs = Array.from({ length: 5 }, (_, seed) => samplesFor(smallCard, 1, seed));
  const alone: Float32Array[] = [];
  for (const images of inputs) alone.push((await client.infer("small", { images }))["scores"].data as Float32Array);

  let right = 0;
  const lost: unknown[] = [];
  const told: RawAnswer[] = [];
  const askGood = async (index: number): Promise<void> => {
    const at = index % inputs.length;
    try {
      const { scores } = await client.infer("small", { images: inputs[at] });
      if (isClose(scores.data as Float32Array, alone[at])) right++;
    } catch (error) {
      lost.push(error);
    }
  };
  const askBoth = async (from: number, to: number): Promise<void> => {
    const lanes = Array.from({ length: AT_ONCE }, async (_, first) => {
      for (let index = from + first; index < to; index += AT_ONCE)
        await Promise.all([askGood(index), sendMalformed(target, index).then((answer) => told.push(answer))]);
    });
    await Promise.all(lanes);
  };
  // What a process needs at all, it needs for the first requests.
  const warm = Math.ceil(COUNT / 5);
  await askBoth(0, warm);
  const before = await memoryOf(server.pid);
  await askBoth(warm, COUNT);
  const after = await memoryOf(server.pid);

  expect(lost).toEqual([]);
  expect(right).toBe(COUNT);
  expect(told.length).toBe(COUNT);
  const isTold = ({ status, text }: RawAnswer): boolean =>
    status >= 400 && status < 500 && /\{"error":".{10,}"\}/.test(text);
  expect(told.filter((answer) => !withoutHttp.has(answer.kind) && !isTold(answer))).toEqual([]);
  const closed = told.filter(({ kind }) => withoutHttp.has(kind));
  expect(closed.filter(({ status }) => status > 0)).toEqual([]);
  const denied = closed.filter(({ kind }) => kind === "denied address").length;
  expect(await counted(metrics, "residua_connections_refused_total")).toBe(denied);
  expect(await counted(metrics, "residua_connections_failed_total")).toBeGreaterThanOrEqual(closed.length - denied);
  expect(await counted(metrics, "residua_worker_restarts_total")).toBe(0);
  await expect.poll(() => counted(metrics, "residua_held_bytes"), { timeout: 10_000 }).toBe(0);
  expect(server.said()).not.toMatch(/failed|lost|worker/);
  console.log(
    `${COUNT} + ${COUNT}: gate ${(before.now / MEGABYTE).toFixed(1)} MB after the first fifth, ${(after.now / MEGABYTE).toFixed(1)} MB at the end, peak ${(after.peak / MEGABYTE).toFixed(1)} MB`,
  );
  // The heap of a process that is young still grows to its size: what stays behind shows after many requests.
  expect(after.now - before.now).toBeLessThanOrEqual(COUNT < 1000 ? 150 * MEGABYTE : 20 * MEGABYTE);
  expect(after.peak).toBeLessThanOrEqual(TOTAL_BYTES + 100 * MEGABYTE);

  expect(await server.end()).toBe(0);
  const verdict = await verifyAudit(file, { head: `${file}.head`, key: await readVerifyingKey(publicKey) });
  expect(verdict).toMatchObject({ kind: "whole", from: 0, proved: { after: 0 } });
  expect(await readFile(file, "utf8")).not.toContain("Bearer");
}, 3_600_000);
