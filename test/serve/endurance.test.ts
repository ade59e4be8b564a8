import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeKeyPair } from "../../src/artifacts/node/index.ts";
import { readVerifyingKey } from "../../src/artifacts/node/signing-keys.ts";
import { verifyAudit } from "../../src/serve/node/audit/verify.ts";
import { createClient } from "../../src/serve/web/client.ts";
import { makeCertificate } from "../support/certificates.ts";
import { sendMalformed, type Target } from "../support/malformed.ts";
import { counted, memoryOf, startServeCommand, workersOf } from "../support/serve-command.ts";
import { networkBytes, samplesFor, smallCard, testFolder, writeFiles } from "../support/serving.ts";

// What a server stands for long: some seconds here; RESIDUA_REQUESTS=100000 and RESIDUA_SECONDS=600 for the whole of it.

const REQUESTS = Number(process.env["RESIDUA_REQUESTS"] ?? 300);
const SECONDS = Number(process.env["RESIDUA_SECONDS"] ?? 6);
const RELOADS = REQUESTS < 20_000 ? 6 : 100;
/** Fewer say nothing: a young process still grows to its size. */
const isWhole = REQUESTS >= 20_000;

const place = { address: "127.0.0.1", port: 0 };
const patient = { waitMs: 60_000, requestTimeoutMs: 60_000 };

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

test(`memory is level over ${REQUESTS} requests and ${RELOADS} reloads`, { timeout: 7_200_000 }, async () => {
  const folder = await testFolder();
  const policy = join(folder, "policy.json");
  await writeFiles(folder, { "models/small/1/model.onnx": networkBytes(smallCard) });
  await writeFile(
    policy,
    JSON.stringify({ listen: [place], admin: place, network: { allow: ["127.0.0.0/8"] }, limits: patient }),
  );
  const args = [join(folder, "models"), "--policy", policy, "--workers", "1", "--allow-repository"];
  const server = await startServeCommand(args, 2);
  const [url, metrics] = server.addresses;
  const client = createClient(url);
  const images = samplesFor(smallCard, 1);
  const failures: unknown[] = [];
  const resident: number[] = [];
  for (let round = 0; round < RELOADS; round++) {
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let index = lane; index < REQUESTS / RELOADS; index += 8)
        await client.infer("small", { images }).catch((error: unknown) => failures.push(error));
    });
    // While they ask: the model anew, and the policy.
    const response = await fetch(`${url}/v2/repository/models/small/load`, { method: "POST" });
    if (!response.ok) failures.push(await response.text());
    process.kill(server.pid, "SIGHUP");
    await Promise.all(lanes);
    const pids = [server.pid, ...(await workersOf(server.pid))];
    const each = await Promise.all(pids.map(memoryOf));
    resident.push(each.reduce((sum, { now }) => sum + now, 0));
  }
  expect(failures).toEqual([]);
  expect(await counted(metrics, "residua_inference_request_success")).toBe(Math.ceil(REQUESTS / RELOADS) * RELOADS);
  await expect.poll(() => counted(metrics, "residua_policy_reloads_total"), { timeout: 10_000 }).toBe(RELOADS);
  expect(await counted(metrics, "residua_worker_restarts_total")).toBe(0);
  const tenth = Math.ceil(RELOADS / 10);
  const early = median(resident.slice(2 * tenth - Math.floor(tenth / 2), 2 * tenth + Math.ceil(tenth / 2)));
  const late = median(resident.slice(-tenth));
  console.log(
    `gate and worker: ${(early / 1e6).toFixed(1)} MB after a fifth, ${(late / 1e6).toFixed(1)} MB at the end`,
  );
  expect(Math.abs(late / early - 1)).toBeLessThanOrEqual(isWhole ? 0.05 : 0.5);
  expect(await server.end()).toBe(0);
});

/** Lines of a log and of what was put aside of it. */
async function linesOf(file: string): Promise<readonly string[]> {
  const names = (await readdir(dirname(file))).filter(
    (name) => /^\.\d+$|^$/.test(name.slice(basename(file).length)) && name.startsWith(basename(file)),
  );
  const texts = await Promise.all(names.map((name) => readFile(join(dirname(file), name), "utf8")));
  return texts.flatMap((text) => text.trimEnd().split("\n"));
}

test(
  `${SECONDS} seconds of good and malformed requests, reloads, and a worker killed: all is counted and written down`,
  { timeout: 7_200_000 },
  async () => {
    const folder = await testFolder();
    await writeFiles(folder, { "small.onnx": networkBytes(smallCard) });
    const { secret, public: publicKey } = await makeKeyPair(join(folder, "server"), "sign");
    const [file, policy] = [join(folder, "audit.jsonl"), join(folder, "policy.json")];
    await writeFile(
      policy,
      JSON.stringify({
        listen: [place, { ...place, tls: makeCertificate(folder, "tls") }],
        admin: place,
        network: { allow: ["127.0.0.0/8"], deny: ["127.0.0.9"] },
        limits: { ...patient, headersTimeoutMs: 1000, connectionsPerAddress: 512, unpackedBytes: 8 * 2 ** 20 },
        audit: { file, signingKey: secret, maxBytes: 1e6 },
      }),
    );
    const server = await startServeCommand([join(folder, "small.onnx"), "--policy", policy, "--workers", "2"], 3);
    const [url, tls, metrics] = server.addresses;
    const portOf = (address: string): number => Number(new URL(address).port);
    const target: Target = { port: portOf(url), tlsPort: portOf(tls), denied: "127.0.0.9" };
    const client = createClient(url);
    const images = samplesFor(smallCard, 1);
    const end = performance.now() + 1000 * SECONDS;
    const isOn = (): boolean => performance.now() < end;
    const failures: unknown[] = [];
    let [good, denied, reloads] = [0, 0, 0];
    const ask = async (): Promise<void> => {
      while (isOn())
        await client.infer("small", { images }).then(
          () => good++,
          (error: unknown) => failures.push(error),
        );
    };
    const attack = async (first: number): Promise<void> => {
      for (let index = first; isOn(); index += 2)
        if ((await sendMalformed(target, index)).kind === "denied address") denied++;
    };
    const reload = async (): Promise<void> => {
      while (isOn()) {
        await sleep((1000 * SECONDS) / 30);
        reloads++;
        process.kill(server.pid, "SIGHUP");
      }
    };
    const kill = async (): Promise<void> => {
      await sleep((1000 * SECONDS) / 2);
      process.kill((await workersOf(server.pid))[0], "SIGKILL");
    };
    await Promise.all([ask(), ask(), ask(), attack(0), attack(1), reload(), kill()]);
    expect(failures).toEqual([]);
    expect(good).toBeGreaterThan(10 * SECONDS);
    await expect.poll(async () => (await workersOf(server.pid)).length, { timeout: 20_000 }).toBe(2);
    expect(await counted(metrics, "residua_inference_request_success")).toBe(good);
    expect(await counted(metrics, "residua_inference_count")).toBe(good);
    expect(await counted(metrics, "residua_connections_refused_total")).toBe(denied);
    expect(await counted(metrics, "residua_worker_restarts_total")).toBe(1);
    // The last may have been asked for just now.
    await expect.poll(() => counted(metrics, "residua_policy_reloads_total"), { timeout: 10_000 }).toBe(reloads);
    expect(await counted(metrics, "residua_audit_lost_total")).toBe(0);
    await expect.poll(() => counted(metrics, "residua_held_bytes"), { timeout: 10_000 }).toBe(0);
    expect(await server.end()).toBe(0);
    const proof = { head: `${file}.head`, key: await readVerifyingKey(publicKey) };
    expect(await verifyAudit(file, proof)).toMatchObject({ kind: "whole", from: 0, proved: { after: 0 } });
    const lines = await linesOf(file);
    const answered = lines.filter((line) => line.includes('/infer"') && line.includes('"status":200'));
    expect(answered.length).toBe(good);
    console.log(
      `${SECONDS} s: ${good} answered, ${denied} denied, ${reloads} reloads, ${lines.length} lines of audit log`,
    );
  },
);
