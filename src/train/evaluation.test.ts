import { expect, test } from "vitest";
import { tellDone } from "./evaluation.ts";

test("what was taken is told when the next is asked for, and the last at the end", async () => {
  const heard: string[] = [];
  const told = tellDone(
    ["ab", "c"],
    (item) => item.length,
    (done) => heard.push(String(done)),
  );
  for await (const item of told) heard.push(item);
  expect(heard).toEqual(["ab", "2", "c", "3"]);
});
