import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { countCores, defaultThreads } from "./default-threads.ts";

const processor = (index: number, socket: number, core: number): string =>
  `processor\t: ${index}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\ncpu cores\t: 2\n`;

test("two hardware threads of a core count as one core, equal core numbers of two sockets as two", () => {
  expect(countCores([processor(0, 0, 0), processor(1, 0, 1), processor(2, 0, 0)].join("\n"))).toBe(2);
  expect(countCores([processor(0, 0, 0), processor(1, 1, 0)].join("\n"))).toBe(2);
});

test("cores are not counted where the text does not number them", () => {
  expect(countCores("processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n")).toBeUndefined();
});

test("there is at least one thread, and no more than the process may use", () => {
  expect(defaultThreads()).toBeGreaterThanOrEqual(1);
  expect(defaultThreads()).toBeLessThanOrEqual(availableParallelism());
});
