import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * An English guide and its Chinese twin, both by their path in the repository. The twin's last line holds the SHA-256 of
 * the English file that it translates.
 *
 * @typedef {{ readonly english: string, readonly chinese: string }} Twins
 */

const STAMP = /\n<!-- english: sha256 ([0-9a-f]{64}) -->\n$/;
/** A command, its further lines and a variable that is set for it. */
const COMMAND = /^(?:\$ )?((?:(?:npm|npx|node|residua|python3?|pip|git|bash|export|tensorboard)\s|--|[A-Z_]+=).*)$/;

/** @param {string} english @returns {Twins} */
const twinsOf = (english) => ({ english, chinese: english.replace(/\.md$/, ".zh-CN.md") });

/**
 * README.md and every guide in docs/ that has an English version, a Chinese one or both, in alphabetical order.
 *
 * @param {string} root
 * @returns {readonly Twins[]}
 */
export function listTwins(root) {
  const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const english = new Set(guides.map((name) => `docs/${name.replace(/\.zh-CN\.md$/, ".md")}`));
  return ["README.md", ...[...english].toSorted()].map(twinsOf);
}

/** @param {string | Uint8Array} english */
const hashOf = (english) => createHash("sha256").update(english).digest("hex");

/**
 * A Chinese guide that ends with the stamp of this English text, in place of any older stamp.
 *
 * @param {string} chinese
 * @param {string | Uint8Array} english
 */
export const stampTranslation = (chinese, english) =>
  `${chinese.replace(STAMP, "\n").trimEnd()}\n\n<!-- english: sha256 ${hashOf(english)} -->\n`;

/**
 * What keeps twins from being in step, if anything does: one line with the file, what is wrong with it, and what to do.
 *
 * @param {string} root
 * @param {Twins} twins
 * @returns {string | undefined}
 */
export function findMismatch(root, { english, chinese }) {
  if (!existsSync(join(root, english))) return `${chinese}: has no English twin; write ${english}, or delete it`;
  if (!existsSync(join(root, chinese)))
    return `${english}: has no Chinese twin; write ${chinese}, then run: npm run docs:stamp -- ${chinese}`;
  const [, stamped] = STAMP.exec(readFileSync(join(root, chinese), "utf8")) ?? [];
  if (stamped === hashOf(readFileSync(join(root, english)))) return undefined;
  const state = stamped === undefined ? "has no stamp" : `translates an older ${english}`;
  return `${chinese}: ${state}; check it against ${english}, then run: npm run docs:stamp -- ${chinese}`;
}

/**
 * What a guide and its translation share: headings by level, and in code blocks, comments aside, every command and every
 * line of a program (a block with a language).
 *
 * @param {string} guide
 * @returns {{ readonly headings: readonly string[], readonly code: readonly string[] }}
 */
export function outlineOf(guide) {
  /** @type {string[]} */
  const headings = [];
  /** @type {string[]} */
  const code = [];
  /** @type {string | undefined} the language of the block that is open, "" for none */
  let language;
  for (const line of guide.split("\n")) {
    const [, fence] = /^\s*```(.*)$/.exec(line) ?? [];
    if (fence !== undefined) language = language === undefined ? fence.trim() : undefined;
    else if (language !== undefined) {
      const text = line.replace(/(?:^|\s)(?:#|\/\/)\s.*$/, "").trim();
      const kept = language === "" ? COMMAND.exec(text)?.[1] : text;
      if (kept) code.push(kept.replaceAll(/\s+/g, " "));
    } else if (/^#+ /.test(line)) headings.push(line.replace(/ .*/, ""));
  }
  return { headings, code };
}
