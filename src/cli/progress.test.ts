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
