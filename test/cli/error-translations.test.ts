import { expect, test } from "vitest";
import { findTranslation } from "../../src/report/zh/messages.ts";
import { collectErrorTemplates, type ErrorTemplate } from "../support/error-templates.ts";

/** Where errors are thrown that neither a command nor the studio shows: they are read by programmers, in English. */
const forProgrammers: readonly (readonly [RegExp, string])[] = [
  [/^front\//, "the front door of the library"],
  [/^(?!artifacts|data|ready|runtime|studio).*(^|\/)web\//, "trainings in pages of one's own, and clients of a server"],
  [/^statistics\//, "functions on samples"],
  [/^jobs\/(?!node|web)/, "the protocol of jobs"],
  [/^compile\//, "graphs that the project builds itself"],
  [/^runtime\/(device-tensor|in-place)\.ts/, "tensors that stay on a device"],
  [/^bench\//, "the benchmark, a program of its own"],
];

/** What English may stay: names, values and commands. */
const kept =
  /state dict|(?:blocked|portable) lowering|npm install|npm rebuild onnxruntime-node|residua export model\.h5 --to onnx|residua [a-z-]+(?: [a-z]+)?|data fetch/g;

function translate(text: string): string | undefined {
  // A clause that is a hole alone is a sentence made elsewhere; a field in backticks is a flag by the time it is printed.
  const typed = text
    .replaceAll(/^\{\}; |; \{\}(?=$|; )/g, "")
    .replaceAll(/`[A-Za-z.]+`/g, "--flag")
    .replaceAll("{}", "x");
  return findTranslation(`here: ${typed}`);
}

const isSentence = (text: string): boolean => /[a-z]{2}/i.test(text.replaceAll("{}", ""));

const templates = collectErrorTemplates().filter(
  ({ text, place }) => isSentence(text) && !forProgrammers.some(([where]) => where.test(place)),
);

const show = ({ text, place }: ErrorTemplate): string => `${place} ${text}`;

test("the sentences of errors are found", () => {
  expect(templates.length).toBeGreaterThan(700);
  const texts = templates.map(({ text }) => text);
  // Written out; with a hole; from a helper in another file; a schema's.
  expect(texts).toContain("is a private key, must be a public one; give the .pub file");
  expect(texts).toContain("has {} bytes, a page has at most {}");
  expect(texts).toContain('there is no block "{}"; did you mean {}?');
  expect(texts).toContain("one edge more than values");
});

test("every error that a command can print, or a page can show, has a Chinese sentence", () => {
  expect(templates.filter(({ text }) => translate(text) === undefined).map(show)).toEqual([]);
});

test("no Chinese sentence keeps a phrase in English", () => {
  const mixed = templates.filter(({ text }) =>
    /[a-z]{2,} [a-z]{2,}/.test((translate(text) ?? "").replaceAll(kept, "")),
  );
  expect(mixed.map(({ text, place }) => `${place} ${text} → ${translate(text)}`)).toEqual([]);
});

test("a field of a document keeps its name, and what its schema has against it is translated", () => {
  const said = (text: string): string | undefined => findTranslation(`a.json: ${text}`);
  expect(said("compare.seeds must be >=1, got 0")).toBe("a.json：compare.seeds 必须是 >=1，实际为 0");
  expect(said("compare.dpeth is not known")).toBe("a.json：compare.dpeth 未知");
  expect(said("runs[0].name is missing")).toBe("a.json：runs[0].name 缺失");
  expect(said("runs[0].name sings")).toBeUndefined();
  expect(said("layer1.conv is encrypted")).toBe("a.json：layer1.conv 已加密");
  expect(said('layer1.conv must be one of A, B, got "C"')).toMatch(
    /^a\.json：layer1\.conv 必须是其中之一：A, B，实际为/,
  );
});

test("a sentence that is in no table has no translation: the tests above can fail", () => {
  expect(translate("has three sheep; count them")).toBeUndefined();
  expect(translate("is three sheep, must be {}")).toBeUndefined();
});

test.each([
  [
    'w.pth: does not fit the network: "fc.weight" is [3,64], must be [10,64], "fc.bias" is [3], must be [10]',
    "w.pth：与网络不符：“fc.weight” 为 [3,64]，必须是 [10,64]，“fc.bias” 为 [3]，必须是 [10]",
  ],
  [
    "accuracy of the test images counts 12 of 12 as wrong: the network gives them scores that are not finite numbers",
    "测试图像的准确率将 12 幅中的 12 幅计为错误：网络对它们给出的分数不是有限的数",
  ],
  ["mean AP of these images rests on 3 images", "这些图像的平均 AP只依据 3 幅图像"],
  ["--mean: holds 1 means, the network has 3", "--mean：均值有 1 个，网络有 3 个"],
  ["p.json: foo is not known", "p.json：foo 未知"],
])("%s is said in Chinese to its end", (english, chinese) => {
  expect(findTranslation(english)).toBe(chinese);
});
