import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile, appendFile, stat, readdir, copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditEntry } from "./chain.ts";
import { readHead } from "./head.ts";
import { openAuditLog, rotatedFiles } from "./log.ts";
import { verifyAudit } from "./verify.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-audit-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const entry = (path: string): AuditEntry => ({
  time: "2026-01-01T00:00:00.000Z",
  client: "ward-3",
  address: "10.3.0.1",
  method: "POST",
  path,
  model: "cells",
  version: "1",
  sha256: "0".repeat(64),
  decision: "allowed",
  rule: "key",
  status: 200,
  bytesIn: 10,
  bytesOut: 20,
  milliseconds: 1.5,
});

async function writeLog(count: number, options: { readonly maxBytes?: number } = {}): Promise<string> {
  const file = join(folder, "audit.jsonl");
  const lost: Error[] = [];
  const log = await openAuditLog({
    file,
    maxBytes: options.maxBytes ?? 1e9,
    keepDays: 90,
    key: privateKey,
    onLost: (error) => lost.push(error),
  });
  for (let index = 0; index < count; index++) {
    log.write(entry(`/v2/models/${index}`));
    if (options.maxBytes !== undefined) await log.flushed();
  }
  await log.close();
  expect(lost).toEqual([]);
  return file;
}

const linesOf = async (file: string): Promise<string[]> => (await readFile(file, "utf8")).trimEnd().split("\n");

test("a log is whole, goes on after a restart, and its head proves the end", async () => {
  await writeLog(3);
  const file = await writeLog(4);
  // Marks of start and end around each part.
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole", lines: 11, from: 0 });
  const proof = { head: `${file}.head`, key: publicKey };
  expect(await verifyAudit(file, proof)).toMatchObject({ kind: "whole", proved: { after: 0 } });
});

test("a line that was changed, taken out, put in or exchanged is named", async () => {
  const file = await writeLog(5);
  const lines = await linesOf(file);
  const broken = async (changed: readonly string[]): Promise<unknown> => {
    await writeFile(file, `${changed.join("\n")}\n`);
    return verifyAudit(file);
  };
  expect(await broken(lines.map((line, at) => (at === 2 ? line.replace("ward-3", "ward-4") : line)))).toMatchObject({
    kind: "broken",
    line: 4,
    reason: expect.stringContaining("changed"),
  });
  expect(await broken(lines.toSpliced(3, 1))).toMatchObject({
    kind: "broken",
    line: 4,
    reason: expect.stringContaining("missing"),
  });
  expect(await broken(lines.toSpliced(3, 0, lines[2]))).toMatchObject({ kind: "broken", line: 4 });
  expect(await broken([lines[1], lines[0], ...lines.slice(2)])).toMatchObject({ kind: "broken", line: 2 });
  expect(await broken(lines.toSpliced(2, 1, "not JSON"))).toMatchObject({ kind: "broken", line: 3 });
  expect(await broken(lines)).toMatchObject({ kind: "whole" });
});

test("a cut tail shows against a head that was kept elsewhere, and not without one", async () => {
  const file = await writeLog(5);
  await copyFile(`${file}.head`, join(folder, "kept.head"));
  const lines = await linesOf(file);
  await writeFile(file, `${lines.slice(0, -2).join("\n")}\n`);
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole" });
  const proof = { head: join(folder, "kept.head"), key: publicKey };
  expect(await verifyAudit(file, proof)).toMatchObject({ kind: "broken", reason: expect.stringContaining("cut off") });
});

test("a head of another key, or a changed one, is refused", async () => {
  const file = await writeLog(1);
  const other = generateKeyPairSync("ed25519").publicKey;
  await expect(verifyAudit(file, { head: `${file}.head`, key: other })).rejects.toThrow("is not signed by this key");
  const head = JSON.parse(await readFile(`${file}.head`, "utf8")) as { sequence: number };
  await writeFile(`${file}.head`, JSON.stringify({ ...head, sequence: head.sequence - 1 }));
  await expect(verifyAudit(file, { head: `${file}.head`, key: publicKey })).rejects.toThrow("was changed");
});

test("a line that a crash cut off is taken out, and a mark says so", async () => {
  const file = await writeLog(2);
  await appendFile(file, '{"entry":{"cli');
  await writeLog(1);
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole" });
  expect(await readFile(file, "utf8")).toContain("a crash had cut off");
});

test("the chain runs through files that were put aside", async () => {
  const file = await writeLog(40, { maxBytes: 4096 });
  const names = (await readdir(folder)).filter((name) => /\.\d+$/.test(name));
  expect(names.length).toBeGreaterThan(1);
  expect((await stat(join(folder, names[0]))).size).toBeGreaterThan(4000);
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole", lines: 42, from: 0 });
  // The oldest may be deleted after its time; one from the middle may not.
  const bySequence = names.toSorted((a, b) => Number(a.split(".").at(-1)) - Number(b.split(".").at(-1)));
  await rm(join(folder, bySequence[1]));
  expect(await verifyAudit(file)).toMatchObject({ kind: "broken", reason: expect.stringContaining("missing") });
  await rm(join(folder, bySequence[0]));
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole" });
});

test("a head that is signed while a file is put aside is of its last line, whatever waits to be written", async () => {
  const file = join(folder, "audit.jsonl");
  const log = await openAuditLog({ file, maxBytes: 4096, keepDays: 90, key: privateKey, onLost: () => undefined });
  for (let burst = 0; burst < 3; burst++) {
    for (let index = 0; index < 40; index++) log.write(entry(`/v2/models/${index}`));
    await log.flushed();
  }
  const sequences = async (path: string): Promise<readonly number[]> =>
    (await linesOf(path)).map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  const [first] = await sequences(file);
  expect((await readHead(`${file}.head`, publicKey)).sequence).toBe(first - 1);
  const aside = await rotatedFiles(file);
  expect(aside.length).toBe(2);
  for (const { path, first: named } of aside) expect((await sequences(path))[0]).toBe(named);
  await log.close();
  expect(await verifyAudit(file, { head: `${file}.head`, key: publicKey })).toMatchObject({
    kind: "whole",
    lines: 122,
  });
});

test("a log that cannot be put aside loses what comes, and goes on where it ended", async () => {
  const file = join(folder, "audit.jsonl");
  const lost: Error[] = [];
  const log = await openAuditLog({ file, maxBytes: 4096, keepDays: 90, key: privateKey, onLost: (e) => lost.push(e) });
  for (let index = 0; index < 40; index++) log.write(entry("/v2"));
  await log.flushed();
  // A folder stands where the file would go.
  await mkdir(join(folder, "audit.jsonl.0", "in the way"), { recursive: true });
  log.write(entry("/lost"));
  await log.flushed();
  expect(lost.length).toBe(1);
  await rm(join(folder, "audit.jsonl.0"), { recursive: true });
  log.write(entry("/after"));
  await log.close();
  expect(await verifyAudit(file)).toMatchObject({ kind: "whole", from: 0 });
  expect(await readFile(file, "utf8")).toContain("1 entries before this line were lost");
});

test("another file is not overwritten", async () => {
  const file = join(folder, "audit.jsonl");
  await writeFile(file, "my diary\n");
  await expect(openAuditLog({ file, maxBytes: 1e6, keepDays: 1, onLost: () => undefined })).rejects.toThrow(
    "is no audit log",
  );
  expect(await readFile(file, "utf8")).toBe("my diary\n");
});
