import stringWidth from "string-width";
import { expect, test, vi } from "vitest";
import { createProgress } from "./progress.ts";

/** What a progress writes to a stream that is no terminal. */
function written(use: (progress: ReturnType<typeof createProgress>) => void): string {
  const lines: string[] = [];
  use(createProgress({ isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream));
  return lines.join("");
}

test("time left goes by what came after the first step: of compiling and that step nothing is said", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const text = written((progress) => {
      progress.update("none", 0);
      vi.advanceTimersByTime(600_000);
      progress.update("the first", 0.05);
      vi.advanceTimersByTime(10_000);
      progress.update("a quarter", 0.25);
      vi.advanceTimersByTime(10_000);
      progress.update("no share");
    });
    expect(text).toBe("none\nthe first\na quarter, 38 s left\nno share\n");
  } finally {
    vi.useRealTimers();
  }
});

test("a share that has not grown begins another job, with a pace of its own", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const text = written((progress) => {
      for (const job of ["first", "second"]) {
        progress.update(`${job}, begun`, 0.1);
        vi.advanceTimersByTime(20_000);
        progress.update(`${job}, on`, 0.5);
        vi.advanceTimersByTime(100_000);
      }
    });
    expect(text).toBe("first, begun\nfirst, on, 25 s left\nsecond, begun\nsecond, on, 25 s left\n");
  } finally {
    vi.useRealTimers();
  }
});

test("what happens before there is anything to count is for terminals alone", () => {
  expect(written((progress) => progress.begin("loading"))).toBe("");
});

test("on a terminal a line is cut by the width of its characters, and never wraps", () => {
  const lines: string[] = [];
  const write = (text: string): number => lines.push(text);
  const progress = createProgress({ isTTY: true, columns: 30, write } as unknown as NodeJS.WriteStream);
  progress.update("轮次 1，步 12/480，损失 2.3026，准确率 12.50 %");
  const shown = lines.join("").replace("\r\u001B[2K", "");
  expect(shown).toBe("轮次 1，步 12/480，损失 2.302");
  expect(stringWidth(shown)).toBe(29);
});
