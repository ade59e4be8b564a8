import { expect, test } from "vitest";
import { describeChoices } from "./choices.ts";

const many = Array.from({ length: 30 }, (_, index) => `network${index}`);

test.each([
  ["adamv", ["sgd", "adamw"], {}, "must be one of sgd, adamw; did you mean adamw?"],
  ["lion", ["sgd", "adamw"], {}, "must be one of sgd, adamw"],
  ["MNIST", ["mnist", "cifar10"], {}, "must be one of mnist, cifar10; did you mean mnist?"],
  [
    "netwrk7",
    many,
    { all: "residua models list" },
    "did you mean network7, network0 or network1? residua models list shows all",
  ],
  ["vgg", many, { all: "residua models list" }, "residua models list shows all"],
  ["netwrk7", many, {}, "did you mean network7, network0 or network1?"],
  ["", many, {}, `must be one of ${many.slice(0, 12).join(", ")} and 18 more`],
])("%j among %#: the nearest names, and where the others are", (text, choices, words, expected) => {
  expect(describeChoices(text, choices, words)).toBe(expected);
});
