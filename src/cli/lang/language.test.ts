import { expect, test } from "vitest";
import { chooseLanguage } from "./language.ts";
import { createTranslate } from "../../report/zh/templates.ts";

test.each([
  ["an empty environment", {}, "en"],
  ["LANG", { LANG: "zh_CN.UTF-8" }, "zh"],
  ["another spelling of UTF-8", { LANG: "zh_TW.utf8" }, "zh"],
  ["LC_MESSAGES before LANG", { LC_MESSAGES: "zh_CN.UTF-8", LANG: "de_DE.UTF-8" }, "zh"],
  ["LC_ALL before both", { LC_ALL: "en_US.UTF-8", LC_MESSAGES: "zh_CN.UTF-8", LANG: "zh_CN.UTF-8" }, "en"],
  ["an empty LC_ALL, which counts as none", { LC_ALL: "", LANG: "zh_CN.UTF-8" }, "zh"],
  ["LC_ALL=C", { LC_ALL: "C", LANG: "zh_CN.UTF-8" }, "en"],
  ["an encoding other than UTF-8", { LANG: "zh_CN.GB18030" }, "en"],
  ["no encoding, which is not UTF-8 in this locale", { LANG: "zh_CN" }, "en"],
  ["characters of POSIX", { LC_CTYPE: "POSIX", LANG: "zh_CN.UTF-8" }, "en"],
  ["another language that begins alike", { LANG: "zha_CN.UTF-8" }, "en"],
] as const)("the environment chooses the language: %s", (_, env, language) => {
  expect(chooseLanguage([], env)).toBe(language);
});

test.each([
  [["--lang", "zh", "train"], "zh"],
  [["train", "--lang=zh"], "zh"],
  [["--lang", "zh", "--lang", "en"], "en"],
  [["predict", "--", "--lang", "zh"], "en"],
  [["--lang", "fr"], "en"],
] as const)("%j chooses %s, whatever the terminal's characters are", (args, language) => {
  expect(chooseLanguage(args, { LANG: "C" })).toBe(language);
});

test("--lang en overrides a Chinese environment", () => {
  expect(chooseLanguage(["--lang", "en"], { LANG: "zh_CN.UTF-8" })).toBe("en");
});

test("a template keeps what varies, translates what it must, and otherwise leaves the sentence untranslated", () => {
  const translate = createTranslate({
    "got {}": "实际为 {1}",
    nothing: "空",
    "{} may be {}": "{1} 可以是 {2?}",
    "cannot read: {}": "无法读取：{1!}",
    "there is no such file": "没有这个文件",
  });
  expect(translate("got 3")).toBe("实际为 3");
  expect(translate("x may be nothing")).toBe("x 可以是 空");
  expect(translate("x may be big")).toBe("x 可以是 big");
  expect(translate("cannot read: there is no such file")).toBe("无法读取：没有这个文件");
  expect(translate("cannot read: a strange reason")).toBeUndefined();
  expect(translate("nothing else")).toBeUndefined();
});
