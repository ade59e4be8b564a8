import { Readable } from "node:stream";
import fastify, { type FastifyInstance } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { giveEngine } from "./engine-api.ts";

function serve(): FastifyInstance {
  const server = fastify();
  server.register(async (routes) => giveEngine(routes));
  onTestFinished(() => server.close());
  return server;
}

const headers = { "Content-Type": "application/octet-stream" };

test.each([
  ["POST", "/running/none/stop"],
  ["DELETE", "/running/none"],
] as const)("%s %s has no body, and reads none", async (method, url) => {
  const server = serve();
  const statusOf = async (own: object): Promise<number> => (await server.inject({ method, url, ...own })).statusCode;
  expect(await statusOf({})).toBe(204);
  expect(await statusOf({ headers, payload: Buffer.alloc(10_000_000) })).toBe(415);
  // In pieces, without saying how many bytes they have.
  const pieces = Readable.from([Buffer.alloc(1000), Buffer.alloc(1000)]);
  expect(await statusOf({ headers: { ...headers, "Transfer-Encoding": "chunked" }, payload: pieces })).toBe(415);
});

test("a job still has its body read", async () => {
  const answer = await serve().inject({ method: "POST", url: "/jobs/race", headers, payload: Buffer.of(1, 2, 3) });
  expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining("is no message")]);
});
