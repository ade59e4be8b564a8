// Confirms that a Chinese guide translates its English twin as it is now: writes the English file's SHA-256 into it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { root } from "./run-residua.mjs";
import { findMismatch, listTwins, stampTranslation } from "./translations.mjs";

const help = `Keeps the guides in Chinese in step with the English ones.

  npm run docs:stamp                           list the guides that are out of step; exit with 1 if there are any
  npm run docs:stamp -- docs/NAME.zh-CN.md …   confirm that these translate their English twins as they are now
`;

/** @param {readonly string[]} files */
function stampAll(files) {
  const twins = files.map((file) => {
    const found = listTwins(root).find(({ chinese }) => chinese === file.replace(/^\.\//, ""));
    if (found === undefined)
      throw new Error(`${file}: is not a Chinese guide, must be README.zh-CN.md or docs/NAME.zh-CN.md`);
    const missing = [found.english, found.chinese].find((path) => !existsSync(join(root, path)));
    if (missing !== undefined) throw new Error(`${missing}: does not exist; write it first`);
    return found;
  });
  for (const { english, chinese } of twins) {
    const path = join(root, chinese);
    writeFileSync(path, stampTranslation(readFileSync(path, "utf8"), readFileSync(join(root, english))));
    process.stdout.write(`${chinese}: in step with ${english}\n`);
  }
}

function listMismatches() {
  const mismatches = listTwins(root).flatMap((twins) => findMismatch(root, twins) ?? []);
  for (const mismatch of mismatches) process.stdout.write(`${mismatch}\n`);
  if (mismatches.length > 0) process.exitCode = 1;
}

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: "boolean" } } });
  if (values.help) process.stdout.write(help);
  else if (positionals.length > 0) stampAll(positionals);
  else listMismatches();
} catch (error) {
  process.stderr.write(`docs:stamp: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
