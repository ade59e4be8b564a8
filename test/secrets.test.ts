import fc from "fast-check";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeServerUrl, hideSecrets, parseServerUrl, secretsOf } from "../src/files/node/server-url.ts";
import { describeAddress, parseStoreAddress } from "../src/store/address.ts";
import { OptionError } from "../src/tensor/errors.ts";
import { reportToMlflow } from "../src/train/node/mlflow.ts";
import { runCommand } from "./cli/run.ts";

/** No part of an address beside it, and nothing that an error says. */
const MARK = "S3CRET";
const rest = fc.string({
  unit: fc.constantFrom(...Array.from("ab09:/@?#%&=\\ '\"+-._~!$*()[]{}|^;,<>`é密")),
  maxLength: 6,
});
const passwords = fc.tuple(rest, rest).map(([before, after]) => `${before}${MARK}${after}`);
const digits = fc
  .tuple(fc.nat(9), fc.constantFrom("/", "?", "#", "\\", ""))
  .map(([port, mark]) => `${port}${mark}${MARK}`);
const kinds = fc.constantFrom(
  "mysql",
  "mariadb",
  "postgres",
  "postgresql",
  "POSTGRES",
  "http",
  "https",
  "sqlite",
  "file",
);

/** Everywhere that a password may stand in an address, and in what was meant to be one. */
const forms: readonly ((kind: string, password: string) => string)[] = [
  (kind, password) => `${kind}://me:${password}@127.0.0.1:9/lab`,
  (kind, password) => `${kind}://me:${encodeURIComponent(password)}@127.0.0.1:9/lab`,
  (kind, password) => `${kind}://${password}@127.0.0.1:9/lab`,
  (kind, password) => `${kind}:/me:${password}@127.0.0.1/lab`,
  (kind, password) => `${kind}:me:${password}@127.0.0.1/lab`,
  (kind, password) => `${kind}//me:${password}@127.0.0.1/lab`,
  (kind, password) => `${kind}/me:${password}@127.0.0.1/lab`,
  (kind, password) => ` ${kind}://me:${password}@127.0.0.1/lab`,
  (kind, password) => `${kind}://me:${password}@127.0.0.1/lab `,
  (kind, password) => `${kind}://me:${password}@127.0.0.1/lab\n`,
  (kind, password) => `${kind}://127.0.0.1:9/lab?pass=x&password=${password}`,
  (kind, password) => `${kind}://127.0.0.1:9/lab?pwd=${encodeURIComponent(password)}&sslmode=disable`,
  (kind, password) => `${kind}://127.0.0.1:9/lab?sslkey=/${password}`,
  (kind, password) => `${kind}://127.0.0.1:9/lab#${password}`,
  (_, password) => `me:${password}@127.0.0.1/lab`,
  (_, password) => `/me:${password}@127.0.0.1/lab`,
  (_, password) => `//me:${password}@127.0.0.1/lab`,
  (_, password) => `127.0.0.1:9/lab?password=${password}`,
  (kind, password) => `sqlite:${kind}://me:${password}@127.0.0.1/lab`,
];
const addresses = fc
  .tuple(fc.constantFrom(...forms), kinds, fc.oneof(passwords, digits))
  .map(([form, kind, password]) => form(kind, password));

/** What is said of an address: how it is described, or why it is refused. */
function said(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
}

test("no password of a store's address is shown, wherever it stands, however it is misspelt", () => {
  const described = new Set<string>();
  fc.assert(
    fc.property(addresses, (address) => {
      // A path like any other.
      fc.pre(!/^(sqlite|file):\/\/\/[^:]*@/i.test(address));
      const words = said(() => describeAddress(parseStoreAddress(address)));
      if (!words.startsWith("store: ")) described.add(words);
      expect(words).not.toContain(MARK);
    }),
    { seed: 5, numRuns: 20_000 },
  );
  expect([...described].toSorted()).toContain("postgres://127.0.0.1:9/lab");
});

test("no password of an MLflow server's address is shown", () => {
  fc.assert(
    fc.property(addresses, (address) => {
      const words = said(() => {
        reportToMlflow({ url: address, say: () => {} });
        return describeServerUrl(parseServerUrl(address, "url", "http://localhost:5000"));
      });
      expect(words).not.toContain(MARK);
    }),
    { seed: 5, numRuns: 20_000 },
  );
});

test("what a driver says of an address is shown without its secrets", () => {
  fc.assert(
    fc.property(fc.constantFrom(...forms.slice(0, 2), forms[10], forms[11]), passwords, (form, password) => {
      // In a query, what comes after is another parameter.
      fc.pre(!password.includes("&"));
      const address = form("postgres", password);
      fc.pre(said(() => parseServerUrl(address, "a", "b").href).startsWith("postgres:"));
      const secrets = secretsOf(new URL(address));
      for (const part of [address, password, new URL(address).href, ...new URL(address).searchParams.values()])
        expect(hideSecrets(`cannot open ${part}: no`, secrets)).not.toContain(MARK);
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test.each([
  ["runs.db", "runs.db"],
  ["sqlite:runs.db", "runs.db"],
  ["sqlite:///srv/lab/runs.db", "/srv/lab/runs.db"],
  ["C:\\labs\\me@home\\runs.db", "C:\\labs\\me@home\\runs.db"],
  ["me@home/runs 2.db", "me@home/runs 2.db"],
  ["mysql://me:p%40ss@db.example/lab", "mysql://db.example/lab"],
  ["postgres://me:p@ss@[::1]:5433/lab?sslmode=require", "postgres://[::1]:5433/lab"],
])("%s is %s", (address, described) => {
  expect(describeAddress(parseStoreAddress(address))).toBe(described);
});

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "residua-secrets-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(
  [
    ["runs", "list", "--store", `mysql//me:${MARK}@h/lab`],
    ["runs", "list", "--store", ` postgres://me:${MARK}@h/lab`],
    ["runs", "list", "--store", `postgres://me@127.0.0.1:9/lab?pass=x&password=${MARK}`],
    ["runs", "list", "--store", `postgres://me:12/${MARK}@h/lab`, "--json"],
    ["runs", "list", `--sotre=postgres://me:${MARK}@h/lab`],
    ["runs", "list", `postgres://me:${MARK}@h/lab`],
    ["runs", "show", `postgres://me:${MARK}@h/lab`],
    ["report", `postgres://me:${MARK}@h/lab`],
    ["train", "--data", "mnist", "--mlflow", `ftp://me:${MARK}@h`],
    ["train", "--data", `mysql://me:${MARK}@h/lab`],
  ].map((args) => [args] as const),
)("a command line that is wrong neither repeats the password nor makes a file: %j", async (args) => {
  const { code, stdout, stderr } = await runCommand(args, folder);
  expect(code).toBeGreaterThan(0);
  expect(stdout + stderr).not.toContain(MARK);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(readdirSync(folder, { recursive: true }).join("\n")).not.toContain(MARK);
});
