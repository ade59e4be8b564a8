import process from "node:process";
import { expect, test } from "vitest";
import { startLineProcess } from "./contender.ts";

const start = (script: string, minutes?: number): ReturnType<typeof startLineProcess> =>
  startLineProcess("peer", process.execPath, ["-e", script], process.env, minutes);

test("each line is answered by one, until an empty one ends it", async () => {
  const answer = "(line) => (line === '' ? process.exit() : console.log(`${line}!`))";
  const peer = start(`require("node:readline").createInterface({ input: process.stdin }).on("line", ${answer})`);
  expect(await peer.ask("one")).toBe("one!");
  await peer.stop();
});

test("one that ends without an answer is named", async () => {
  await expect(start("").read()).rejects.toThrow("peer: ended before it answered");
});

test("one that gives no answer is ended after the limit", async () => {
  const peer = start("setInterval(() => {}, 1000)", 0.002);
  await expect(peer.ask("one")).rejects.toThrow("peer: gave no answer within 0.002 minutes");
  await peer.stop();
  expect(() => process.kill(peer.pid, 0)).toThrow("ESRCH");
});
