import { tmpdir } from "node:os";
import { Command } from "commander";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { type CommandEntry, commands } from "../../src/cli/commands/index.ts";
import { describeInChinese, titleInChinese, translateAfterHelp, wrap } from "../../src/cli/lang/zh/help.ts";
import { summaries } from "../../src/cli/lang/zh/summaries.ts";
import { runCommand } from "./run.ts";

const timeout = 60_000;

/** A command and those below it, as they are registered. */
async function withSubcommands(name: string, { load }: CommandEntry): Promise<readonly Command[]> {
  const program = new Command();
  (await load())(program);
  const command = program.commands.find((each) => each.name() === name)!;
  return [command, ...command.commands];
}

/** What a command adds after its help. */
function afterHelp(command: Command): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => written.push(text) });
  command.outputHelp();
  return written.slice(1).join("");
}

test.each(Object.entries(commands))("every text of the help of %s has a translation", async (name, entry) => {
  const all = await withSubcommands(name, entry);
  const texts = all.flatMap((command) => [
    ...(command.parent?.parent === null ? [] : [command.description()]),
    ...command.registeredArguments.map(({ description }) => description),
    ...command.options.map(({ description }) => description),
  ]);
  expect(texts.filter((text) => text !== "" && describeInChinese(text) === undefined)).toEqual([]);
  const headings = all.flatMap(({ options }) => options.flatMap(({ helpGroupHeading }) => helpGroupHeading ?? []));
  expect(headings.filter((heading) => titleInChinese(heading) === undefined)).toEqual([]);
});

test.each(Object.entries(commands))("every note beside the examples of %s has a translation", async (name, entry) => {
  for (const command of await withSubcommands(name, entry)) {
    const lines = translateAfterHelp(afterHelp(command)).split("\n");
    // A line is a command, perhaps with a note, or Chinese.
    const notes = lines.map((line) =>
      line.startsWith("  $ ") ? (/ {2,}(\S.*)$/.exec(line.slice(4))?.[1] ?? "") : line,
    );
    expect(notes.filter((text) => text !== "" && !/\p{sc=Han}/u.test(text))).toEqual([]);
  }
});

test("every command says in Chinese what it does", () => {
  expect(Object.keys(summaries).toSorted()).toEqual(Object.keys(commands).toSorted());
});

test("a text that is not in the table has no translation: the tests above can fail", () => {
  expect(describeInChinese("number of sheep")).toBeUndefined();
  expect(describeInChinese("number of classes (default: as many as there are)")).toBeUndefined();
});

test("Chinese is broken by its width on the terminal, and no line begins with a closing mark", () => {
  const text = "批大小：每步的图像数，（默认：64）；从 ONNX 网络，或从 --model 的权重（.pth、.safetensors……）开始。";
  for (const width of [12, 17, 30]) {
    const lines = wrap(text, width).split("\n");
    expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
    for (const line of lines) expect(line).not.toMatch(/^[，。；：、！？）》”…]|[“（《]$/u);
    // A word with its marks that is wider than a line stands alone: the widest here is "（.pth、.safetensors……）".
    const narrow = lines.filter((line) => !/[\w.-]{10}/.test(line));
    expect(Math.max(...narrow.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
  }
});

test("the language of help is that of --lang, else of the environment", { timeout }, async () => {
  const folder = tmpdir();
  const help = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> =>
    (await runCommand(args, folder, env)).stdout;
  const chinese = await help(["--help", "--lang", "zh"]);
  expect(chinese).toMatch(/^用法：/);
  expect(chinese).toContain("示例：");
  expect(await help(["--help"], { LC_ALL: "zh_CN.UTF-8" })).toBe(chinese);
  expect(await help(["--help"])).toMatch(/^Usage:/);
  // Without a command, the same help is an error.
  const { code, stderr } = await runCommand(["--lang", "zh"], folder);
  expect([code, stderr]).toEqual([2, chinese]);
  expect(chinese).toMatch(/快捷连接类型说明 S 是什么/);
  expect(await help(["keys", "--lang=zh", "--help"])).toContain("四个文件名的开头");
});

test("a language that it does not speak is refused", { timeout }, async () => {
  const { code, stderr } = await runCommand(["--lang", "fr", "--help"], tmpdir());
  expect([code, stderr]).toEqual([2, expect.stringContaining("must be one of en, zh")]);
});

test.each(["describe resnet8", "models options", "data list", "describe resnet50 --tree"])(
  "residua %s --json is the same in both languages",
  { timeout },
  async (line) => {
    const run = (...more: readonly string[]) => runCommand([...line.split(" "), "--json", ...more], tmpdir());
    const [english, chinese] = [await run(), await run("--lang", "zh")];
    expect(chinese.stdout).toBe(english.stdout);
    expect(english.code).toBe(0);
    expect(JSON.parse(english.stdout)).toBeTypeOf("object");
  },
);

test("tables and explanations are Chinese, names stay", { timeout }, async () => {
  const { stdout } = await runCommand("describe resnet8 --shortcut A --lang zh".split(" "), tmpdir());
  expect(stdout).toContain("resnet8，快捷连接 pad，图像 3×32×32，10 个类别");
  expect(stdout).toMatch(/模块 +种类 +输入 +输出 +快捷连接 +参数量 +乘加次数/);
  expect(stdout).toMatch(/BasicBlock .*补零恒等/);
  expect(stdout).toContain("3 个块：1 × 恒等，2 × 补零恒等。");
  expect(stdout).toContain("新增的通道填零（选项 A）");
});
