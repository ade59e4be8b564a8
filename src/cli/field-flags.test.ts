import { Command } from "commander";
import { expect, test } from "vitest";
import { describeError as toPlainData, restoreError } from "../jobs/remote-error.ts";
import { FormatError, OptionError } from "../tensor/errors.ts";
import { describeError } from "./field-flags.ts";

const command = new Command("train")
  .option("--batch-size <n>", "")
  .option("--model <name>", "")
  .option("--image-size <n>", "")
  .option("--lr-group <pattern=factor>", "")
  .option("--weight-decay <x>", "")
  .option("--option <name=value>", "")
  .option("--device <name>", "")
  .option("--no-close-ups", "");

test.each([
  ["a recipe's field", new OptionError("batch", "must be above 0"), "--batch-size: must be above 0"],
  ["a list of groups", new OptionError("rates", "means no parameter"), "--lr-group: means no parameter"],
  ["an optimizer's option", new OptionError("optimizer.weightDecay", "is missing"), "--weight-decay: is missing"],
  ["a field in camel case", new OptionError("imageSize", "must be 32"), "--image-size: must be 32"],
  ["a network's option", new OptionError("options", 'knows no "x"'), '--option: knows no "x"'],
  ["a field without a flag here", new OptionError("mixup", "must be above 0"), "mixup: must be above 0"],
  ["a flag that the command line names itself", new OptionError("--model", "is missing"), "--model: is missing"],
  [
    "a field from a child process",
    restoreError(toPlainData(new OptionError("batch", "is 0"))) as OptionError,
    "--batch-size: is 0",
  ],
  ["what a flag switches off", new OptionError("closeUps", "applies to a pair"), "--no-close-ups: applies to a pair"],
  ["a file that is called as a field", new FormatError("model", "is no network"), "model: is no network"],
  [
    "fields in a sentence",
    new FormatError("net.onnx", "leaves open what it takes: leave `model` out, or say `imageSize` and `mixup`"),
    "net.onnx: leaves open what it takes: leave --model out, or say --image-size and `mixup`",
  ],
])("%s is named as it was typed", (_, error, line) => {
  expect(describeError(error, command)).toBe(line);
});

test.each([
  ["<model>", "model", "<model>: is unknown"],
  ["<model|file>", "model", "<model|file>: is unknown"],
  ["<file...>", "model", "<file>: is unknown"],
  ["<name>", "data", "<name>: is unknown"],
  ["<name>", "limit", "limit: is unknown"],
])("with the argument %s, the field %s is named %s", (argument, field, line) => {
  const other = new Command("describe").argument(argument, "");
  expect(describeError(new OptionError(field, "is unknown"), other)).toBe(line);
});
