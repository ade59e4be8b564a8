import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerCompare } from "./commands/compare.ts";
import type { ComparisonOptions } from "./comparison-job.ts";
import { withQueue } from "./comparison-queue.ts";

let folder = "";
const before = process.env["RESIDUA_STORE"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-queue-"));
  delete process.env["RESIDUA_STORE"];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (before !== undefined) process.env["RESIDUA_STORE"] = before;
});

const database = "postgres://me:topsecret@db.example/lab";

/** What a command line of `compare` comes to. */
function parse(line: string): ComparisonOptions {
  const program = new Command();
  registerCompare(program);
  const [command] = program.commands;
  command.action(() => undefined);
  program.parse(["compare", ...line.split(" ")], { from: "user" });
  return withQueue(command.opts<ComparisonOptions>(), command);
}

/** The error of a command line. */
function refusal(line: string): string {
  try {
    parse(line);
  } catch (error) {
    return String(error);
  }
  return "none";
}

test.each([
  [
    "--store x.db",
    "OptionError: store: cannot be combined with `queue`: the runs are recorded in the queue's database",
  ],
  ["--no-store", "OptionError: store: cannot be combined with `queue`"],
  ["--fresh", "OptionError: fresh: cannot be combined with `queue`"],
  ["--budget 1m", "OptionError: budget: cannot be combined with `queue`"],
  ["--part 0/2", "OptionError: part: cannot be combined with `queue`"],
  ["--threads 1", "OptionError: threads: cannot be combined with `queue`"],
  ["--lease 5s", "OptionError: lease: must be whole seconds, at least 10s, got 5s"],
  ["--lease 10.5s", "OptionError: lease: must be whole seconds, at least 10s, got 10.5s"],
  ["--data /photos", "OptionError: data: must be one of mnist, fashion-mnist, cifar10, cifar100, or a folder below"],
])("a queue is refused with %s", (more, message) => {
  expect(refusal(`--queue ${database} ${more}`)).toContain(message);
});

test("a lease without a queue is refused", () => {
  expect(refusal("--lease 20s")).toContain("lease: applies only with `queue`; leave it out");
});

test("the address of the flag becomes that of the run store; a file's content counts for its name", () => {
  writeFileSync(join(folder, "address"), `${database}\n`);
  expect(parse(`--queue ${database} --lease 20s`).store).toBe(database);
  expect(parse(`--queue @${join(folder, "address")}`).store).toBe(database);
  process.env["RESIDUA_STORE"] = `@${join(folder, "address")}`;
  expect(parse("--queue").store).toBeUndefined();
});

test.each([
  ["sqlite:runs.db", "must be the address of a PostgreSQL database, which holds the queue"],
  ["mysql://me:topsecret@db.example/lab", "must be the address of a PostgreSQL database, which holds the queue"],
  [`${database}?sslmode=prefer`, "has an sslmode that cannot be followed; must be one of disable, no-verify, require"],
  [`${database}?sslmode=`, "has an sslmode that cannot be followed"],
  [`${database}?sslmode=require&sslmode=disable`, "has an sslmode that cannot be followed"],
  [`${database}?ssl=no`, "has an ssl that cannot be followed; must be true or 0, or give sslmode"],
])("the address %s is refused, wherever it comes from, and not repeated", (address, message) => {
  writeFileSync(join(folder, "address"), address);
  for (const line of [`--queue ${address}`, `--queue @${join(folder, "address")}`]) {
    expect(refusal(line)).toContain(`--queue: ${message}`);
    expect(refusal(line)).not.toContain("topsecret");
  }
  process.env["RESIDUA_STORE"] = address;
  expect(refusal("--queue")).toContain(`RESIDUA_STORE: ${message}`);
  expect(refusal("--queue")).not.toContain("topsecret");
});

test("a file that is empty or missing is refused by its name", () => {
  writeFileSync(join(folder, "empty"), "\n");
  expect(refusal(`--queue @${join(folder, "empty")}`)).toMatch(
    /--queue: names "\S+empty", which is empty; it must hold/,
  );
  expect(refusal(`--queue @${join(folder, "none")}`)).toMatch(/none: cannot read: there is no such file or folder/);
});

test("without any address, or with the default file, a queue is refused", () => {
  expect(refusal("--queue")).toContain("--queue: must be the address of a PostgreSQL database");
});
