// Packs what is published: residua-VERSION.tgz, whose package.json has nothing that only a clone needs.
//
// A clone builds on `npm ci` (script "prepare"); whoever installs the package would be warned of that script. So npm packs
// twice: the clone, then the unpacked archive with the shortened package.json. `npm publish residua-VERSION.tgz` publishes it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const destination = resolve(positionals[0] ?? ".");

/**
 * @param {string} folder what to pack
 * @param {string} into
 * @returns {{ filename: string, size: number, files: { path: string }[] }}
 */
function pack(folder, into) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", into];
  return JSON.parse(execFileSync("npm", args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 }))[0];
}

const stage = mkdtempSync(join(tmpdir(), "residua-pack-"));
try {
  const { filename } = pack(root, stage);
  execFileSync("tar", ["-xzf", filename], { cwd: stage });
  const file = join(stage, "package/package.json");
  const {
    scripts: _scripts,
    devDependencies: _tools,
    allowScripts: _allowed,
    ...kept
  } = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
  const packed = pack(join(stage, "package"), destination);
  const archive = join(destination, packed.filename);
  console.log(
    values.json === true
      ? JSON.stringify({ ...packed, filename: archive })
      : `${archive}: ${packed.files.length} files, ${(packed.size / 2 ** 20).toFixed(1)} MiB`,
  );
} finally {
  rmSync(stage, { recursive: true });
}
