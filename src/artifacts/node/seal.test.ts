import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair, sealArtefact, unsealArtefact } from "./index.ts";

const golden = (name: string): string => fileURLToPath(new URL(`../../../test/golden/sealed/${name}`, import.meta.url));
const goldenPlain = Buffer.from(Uint8Array.from({ length: 65_636 }, (_, i) => 31 * i + (i >> 8)));
const piece = 65_536;

let folder: string;
const at = (name: string): string => join(folder, name);
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-seal-"));
  for (const name of ["anna", "ben"]) await makeKeyPair(at(name), "seal");
  for (const name of ["tool", "earlier-seal"]) {
    copyFileSync(golden(`${name}.key`), at(`${name}.key`));
    execFileSync("chmod", ["600", at(`${name}.key`)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The file with one bit of one byte turned. */
function flip(bytes: Buffer, place: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[place] ^= 1;
  return changed;
}

async function seal(bytes: Buffer, recipient = at("anna-seal.pub")): Promise<Buffer> {
  writeFileSync(at("plain"), bytes);
  await sealArtefact(at("plain"), { recipient, out: at("sealed") });
  return readFileSync(at("sealed"));
}

/** Unseals bytes; whatever comes of it, nothing half-done may lie about. */
async function unseal(bytes: Buffer, key = "anna-seal.key"): Promise<Buffer> {
  writeFileSync(at("arrived"), bytes);
  rmSync(at("opened"), { force: true });
  try {
    await unsealArtefact(at("arrived"), { key: at(key), out: at("opened") });
    return readFileSync(at("opened"));
  } finally {
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  }
}

async function expectRefused(bytes: Buffer, reason: RegExp, key?: string): Promise<void> {
  const error = await unseal(bytes, key).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error?.message).toMatch(reason);
  expect(error?.message).not.toContain("\n");
  expect(existsSync(at("opened"))).toBe(false);
}

/** Where an age file's header ends, and its payload's 16 random bytes. */
function payloadStart(bytes: Buffer): number {
  return bytes.indexOf("\n", bytes.indexOf("\n--- ") + 1) + 1 + 16;
}

describe("seals", () => {
  test.each([0, 1, piece - 1, piece, piece + 1, 3 * piece, 1_000_000])(
    "a file of %d bytes comes back as it was, for the owner alone",
    async (size) => {
      const plain = randomBytes(size);
      const bytes = await seal(plain);
      expect(bytes.length).toBe(payloadStart(bytes) + size + 16 * Math.max(1, Math.ceil(size / piece)));
      expect((await unseal(bytes)).equals(plain)).toBe(true);
      expect([modeOf("sealed"), modeOf("opened")]).toEqual([0o600, 0o600]);
    },
  );

  test("the same file sealed twice differs in key and content, and nothing of it shows", async () => {
    const plain = Buffer.alloc(1000, "residual");
    const [first, second] = [await seal(plain), await seal(plain)];
    const contentOf = (bytes: Buffer): Buffer => bytes.subarray(payloadStart(bytes));
    expect(contentOf(first)).not.toEqual(contentOf(second));
    expect(first.includes("residual")).toBe(false);
  });

  test("a changed byte anywhere is refused, and no file is left", async () => {
    const bytes = await seal(randomBytes(2 * piece + 100));
    const start = payloadStart(bytes);
    const every = Array.from({ length: start }, (_, place) => place);
    for (const place of [...every, start, start + piece, start + piece + 20, bytes.length - 17, bytes.length - 1])
      await expectRefused(flip(bytes, place), /was changed|is not sealed for|was not made/);
  });

  test("a file truncated anywhere, between pieces too, is refused, and no file is left", async () => {
    const bytes = await seal(randomBytes(3 * piece));
    const start = payloadStart(bytes);
    const between = [1, 2].map((count) => start + count * (piece + 16));
    for (const end of [0, 5, 22, start - 30, start - 16, start, start + 1, start + 16, ...between, bytes.length - 1])
      await expectRefused(bytes.subarray(0, end), /truncated|was not made/);
  });

  test("pieces that change places, come twice, or come from another sealed file are refused", async () => {
    const bytes = await seal(randomBytes(3 * piece));
    const other = await seal(randomBytes(3 * piece));
    const start = payloadStart(bytes);
    const part = (of: Buffer, index: number): Buffer =>
      of.subarray(start + index * (piece + 16), start + (index + 1) * (piece + 16));
    const header = bytes.subarray(0, start);
    const arrangements = [
      [header, part(bytes, 1), part(bytes, 0), part(bytes, 2)],
      [header, part(bytes, 0), part(bytes, 0), part(bytes, 1), part(bytes, 2)],
      [header, part(bytes, 0), part(other, 1), part(bytes, 2)],
      [header, part(bytes, 0), part(bytes, 2)],
      [bytes, Buffer.from("more")],
      [bytes, part(bytes, 2)],
    ];
    for (const arrangement of arrangements) await expectRefused(Buffer.concat(arrangement), /was changed or truncated/);
  });

  test("another key, a header without end, text and anything else are refused, each by its name", async () => {
    const bytes = await seal(randomBytes(10));
    const ben = readFileSync(at("ben-seal.pub"), "utf8").trim();
    await expectRefused(bytes, new RegExp(`is not sealed for ${ben}, or its header was changed`), "ben-seal.key");
    await expectRefused(randomBytes(500), /was not made by `residua seal` or `age`/);
    const endless = Buffer.concat([Buffer.from("age-encryption.org/v1\n-> X25519 "), Buffer.alloc(3_000_000, "A")]);
    await expectRefused(endless, /its header has no end/);
    await expectRefused(Buffer.from("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"), /is an armored age file/);
  });

  test("a file for several recipients is opened by each", async () => {
    const recipients = ["anna", "ben"].map((name) => readFileSync(at(`${name}-seal.pub`), "utf8"));
    writeFileSync(at("both.pub"), `# who may read it\n\n${recipients.join("")}`);
    const bytes = await seal(Buffer.from("for both"), at("both.pub"));
    for (const key of ["anna-seal.key", "ben-seal.key"]) expect(String(await unseal(bytes, key))).toBe("for both");
  });

  test("a file that cannot be read, and what is no key, are refused without a word of a secret key", async () => {
    const options = { recipient: at("anna-seal.pub"), out: at("never") };
    await expect(sealArtefact(at("missing"), options)).rejects.toThrow(
      /missing: cannot read: there is no such file or folder$/,
    );
    mkdirSync(at("folder"));
    await expect(sealArtefact(at("folder"), options)).rejects.toThrow(/folder: cannot read: is a folder/);
    const secret = readFileSync(at("anna-seal.key"), "utf8");
    const broken: readonly string[] = [
      secret.replace("KEY-1", "KEY-2"),
      secret.slice(0, -5),
      `${secret}more`,
      "# none\n",
      "?",
    ];
    for (const text of broken) {
      writeFileSync(at("broken.key"), text, { mode: 0o600 });
      const message = await unsealArtefact(at("tool.key"), { key: at("broken.key"), out: at("never") }).catch(String);
      expect(message).toMatch(/must be an age identity/);
      expect(message).not.toContain(secret.trim().slice(-40));
    }
    await expect(sealArtefact(at("plain"), { ...options, recipient: at("anna-seal.key") })).rejects.toThrow(
      "is a private key, must be a public one",
    );
    writeFileSync(at("broken.pub"), "age1abc\n");
    await expect(sealArtefact(at("plain"), { ...options, recipient: at("broken.pub") })).rejects.toThrow(
      "must be an age recipient",
    );
    expect(existsSync(at("never"))).toBe(false);
  });
});

describe("seals of age itself", () => {
  test("a file that age made for a key that age-keygen made comes back as it was", async () => {
    expect((await unseal(readFileSync(golden("tool.age")), "tool.key")).equals(goldenPlain)).toBe(true);
  });

  const hasAge = spawnSync("age", ["--version"]).status === 0;
  test.runIf(hasAge)("age opens what is sealed here, for its own keys and for those made here", async () => {
    const toolKey = readFileSync(at("tool.key"), "utf8");
    writeFileSync(at("tool.pub"), /public key: (age1\w+)/.exec(toolKey)![1]);
    for (const [recipient, key] of [
      ["tool.pub", "tool.key"],
      ["anna-seal.pub", "anna-seal.key"],
    ]) {
      await seal(goldenPlain, at(recipient));
      const opened = execFileSync("age", ["--decrypt", "-i", at(key), at("sealed")], { maxBuffer: 2 ** 20 });
      expect(opened.equals(goldenPlain)).toBe(true);
    }
  });

  test.runIf(hasAge)("what age seals for a key made here is opened", async () => {
    writeFileSync(at("plain"), goldenPlain);
    execFileSync("age", ["-R", at("anna-seal.pub"), "-o", at("by-age"), at("plain")]);
    expect((await unseal(readFileSync(at("by-age")))).equals(goldenPlain)).toBe(true);
  });
});

describe("seals of earlier versions", () => {
  const header = 15 + 32 + 32 + 48;
  const sealed = readFileSync(golden("earlier.sealed"));
  const key = "earlier-seal.key";

  test("a file is opened with the key of its time", async () => {
    expect((await unseal(sealed, key)).equals(goldenPlain)).toBe(true);
  });

  test("keys of earlier versions seal and unseal age files, too", async () => {
    const bytes = await seal(goldenPlain, golden("earlier-seal.pub"));
    expect(bytes.toString("latin1")).toMatch(/^age-encryption\.org\/v1\n/);
    expect((await unseal(bytes, key)).equals(goldenPlain)).toBe(true);
  });

  test("a changed byte anywhere is refused, and no file is left", async () => {
    const every = Array.from({ length: header }, (_, place) => place);
    for (const place of [...every, header, header + piece, header + piece + 20, sealed.length - 1])
      await expectRefused(flip(sealed, place), /was changed|is sealed for|was not made/, key);
  });

  test("a file truncated, with a piece missing, moved or added is refused, and no file is left", async () => {
    const between = header + piece + 16;
    for (const end of [0, 5, header - 1, header, header + 1, header + 16, between + 1, sealed.length - 1])
      await expectRefused(sealed.subarray(0, end), /truncated|was not made/, key);
    await expectRefused(sealed.subarray(0, between), /was truncated: its end is missing/, key);
    const [start, first, last] = [
      sealed.subarray(0, header),
      sealed.subarray(header, between),
      sealed.subarray(between),
    ];
    for (const parts of [
      [start, last],
      [start, last, first],
      [start, first, first, last],
      [sealed, Buffer.from("more")],
    ])
      await expectRefused(Buffer.concat(parts), /was changed or truncated/, key);
  });

  test("another key is refused by name", async () => {
    await expectRefused(sealed, /is sealed for key [0-9a-f]{16}…, not for [0-9a-f]{16}…/, "anna-seal.key");
  });
});
