import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/run-residua.mjs";
import { findMismatch, listTwins, outlineOf, stampTranslation } from "../scripts/translations.mjs";

const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");
const twins = listTwins(root);
const translated = twins.filter(({ english, chinese }) =>
  [english, chinese].every((path) => existsSync(`${root}/${path}`)),
);

test.each(twins)("$english has a Chinese twin that translates it as it is now", (pair) => {
  const mismatch = findMismatch(root, pair);
  expect(mismatch, mismatch).toBeUndefined();
});

describe.each(translated)("$chinese and its English twin", ({ english, chinese }) => {
  test("link to each other at the top", () => {
    const top = (path: string): string => read(path).split("\n").slice(0, 3).join("\n");
    expect(top(english)).toContain(`[中文](${basename(chinese)})`);
    expect(top(chinese)).toContain(`[English](${basename(english)})`);
  });

  test("have the same headings, by level, and the same commands and programs", () => {
    expect(outlineOf(read(chinese))).toEqual(outlineOf(read(english)));
  });
});

describe("an outline", () => {
  const guide = `# Title

\`\`\`
residua train   # 训练
a line that it prints
$ npm ci && npx residua compare
\`\`\`

## Code

\`\`\`ts
// 注释
const url = "https://example.com"; // 注释
# 注释
\`\`\`
`;

  test("has headings outside of code, commands, and programs without their comments", () => {
    expect(outlineOf(guide)).toEqual({
      headings: ["#", "##"],
      code: ["residua train", "npm ci && npx residua compare", 'const url = "https://example.com";'],
    });
  });

  test("changes with a command's option and with a line of a program, not with a comment", () => {
    expect(outlineOf(guide.replaceAll(/训练|注释/g, "comment"))).toEqual(outlineOf(guide));
    for (const [from, to] of [
      ["residua train", "residua train --seed 1"],
      ["const url", "const address"],
      ["## Code", "### Code"],
    ])
      expect(outlineOf(guide.replace(from, to))).not.toEqual(outlineOf(guide));
  });
});

test("a stamp takes the place of the one before, and is the SHA-256 of the English text", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const stamped = `# 标题\n\n<!-- english: sha256 ${empty} -->\n`;
  expect(stampTranslation("# 标题\n", "")).toBe(stamped);
  expect(stampTranslation(stampTranslation("# 标题\n", "an older text"), "")).toBe(stamped);
});
