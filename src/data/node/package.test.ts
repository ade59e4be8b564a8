import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { expect, onTestFinished, test, vi } from "vitest";
import { serveLocally } from "../../../test/support/local-server.ts";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { fetchPackage } from "./package.ts";

/** npm starts slowly: a limit that ends a hang, not a slow machine. */
const SECONDS = 60_000;

const manifest = { name: "digits", version: "1.0.0" };
const archive = gzipSync(
  createTar([
    { name: "package/package.json", data: JSON.stringify(manifest) },
    { name: "package/data/train.bin", data: "pixels" },
  ]),
);
const sha512 = createHash("sha512").update(archive).digest("hex");

/** A registry that has one package, and makes npm ask it alone. Returns the folder that temporary files go to. */
async function serveRegistry(): Promise<string> {
  const address = await serveLocally((request, response) => {
    if (request.url === "/digits.tgz") return response.end(archive);
    if (request.url !== "/digits") return response.writeHead(404).end("{}");
    const integrity = `sha512-${Buffer.from(sha512, "hex").toString("base64")}`;
    const version = { ...manifest, dist: { tarball: `${address}/digits.tgz`, integrity } };
    return response.end(
      JSON.stringify({ name: "digits", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } }),
    );
  });
  const folder = await mkdtemp(join(tmpdir(), "residua-registry-"));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
  vi.stubEnv("npm_config_registry", address);
  vi.stubEnv("npm_config_cache", join(folder, "cache"));
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("TMPDIR", folder);
  return folder;
}

const leftOver = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith("residua-"));

test(
  "a package comes from the registry that npm is set to, and leaves nothing behind",
  async () => {
    const folder = await serveRegistry();
    const files = await fetchPackage({ spec: "digits@1.0.0", sha512 }, () => {});
    expect(new TextDecoder().decode(files["train.bin"])).toBe("pixels");
    expect(await leftOver(folder)).toEqual([]);
  },
  SECONDS,
);

test(
  "another package under the same name is refused",
  async () => {
    const folder = await serveRegistry();
    const fetching = fetchPackage({ spec: "digits@1.0.0", sha512: "00" }, () => {});
    await expect(fetching).rejects.toThrow(
      new FormatError("digits@1.0.0", `has SHA-512 ${sha512}, must be 00; nothing was kept`),
    );
    expect(await leftOver(folder)).toEqual([]);
  },
  SECONDS,
);

test(
  "a package that the registry does not have is told in npm's own words, in one line",
  async () => {
    await serveRegistry();
    const fetching = fetchPackage({ spec: "letters@1.0.0", sha512 }, () => {});
    await expect(fetching).rejects.toThrow(EnvironmentError);
    await expect(fetching).rejects.toThrow(/^letters@1\.0\.0: npm cannot get it: [^\n]*404[^\n]*$/);
  },
  SECONDS,
);
