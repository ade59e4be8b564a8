import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { serveLocally } from "../../../test/support/local-server.ts";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { download } from "./download.ts";

const quiet = (): void => {};
const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31) % 251);

test("a file arrives byte by byte, and its progress ends at its size", async () => {
  const address = await serveLocally((_, response) => response.setHeader("content-length", bytes.length).end(bytes));
  const messages: string[] = [];
  expect(Buffer.compare(await download(address, (message) => messages.push(message)), bytes)).toBe(0);
  expect(messages.at(-1)).toBe(`${address}: 0 of 0 MB`);
});

test("a file whose size the server does not say arrives whole", async () => {
  const address = await serveLocally((_, response) => {
    response.write(bytes.subarray(0, 1000));
    response.end(bytes.subarray(1000));
  });
  expect(Buffer.compare(await download(address, quiet), bytes)).toBe(0);
});

/** A server that breaks the connection as soon as `cut` is called. */
async function serveHalf(length: number | undefined): Promise<{ readonly address: string; cut(): void }> {
  let broken: ServerResponse | undefined;
  const address = await serveLocally((_, response) => {
    if (length !== undefined) response.setHeader("content-length", length);
    response.write(bytes.subarray(0, 1000));
    broken = response;
  });
  return { address, cut: () => broken?.destroy() };
}

test("a connection that breaks half-way gives no file, and says how far it came", async () => {
  const { address, cut } = await serveHalf(200_000);
  const broken = download(address, cut);
  await expect(broken).rejects.toThrow(EnvironmentError);
  await expect(broken).rejects.toThrow(`${address}: was truncated after 1000 of 200000 bytes; try again`);
});

test("a connection that breaks within chunks of unsaid length gives no file", async () => {
  const { address, cut } = await serveHalf(undefined);
  await expect(download(address, cut)).rejects.toThrow(`${address}: was truncated after 1000 bytes; try again`);
});

test("a server that falls silent is given up, not waited for", async () => {
  const { address } = await serveHalf(200_000);
  await expect(download(address, quiet, { stallMilliseconds: 200 })).rejects.toThrow(
    /sent nothing for too long, after 1?0+ bytes; try again$/,
  );
});

test("a server that takes the request and never answers is given up", async () => {
  const address = await serveLocally(() => {});
  await expect(download(address, quiet, { stallMilliseconds: 100 })).rejects.toThrow(
    `${address}: sent nothing for too long, after 0 bytes; try again`,
  );
});

test("more than the limit is not kept in memory, whatever size the server says", async () => {
  const address = await serveLocally((_, response) => {
    for (let turn = 0; turn < 10; turn++) response.write(bytes);
    response.end();
  });
  const endless = download(address, quiet, { limit: 300_000 });
  await expect(endless).rejects.toThrow(new FormatError(address, "sends more than 300000 bytes"));
});

test("a refusal is told with its number", async () => {
  const address = await serveLocally((_, response) => response.writeHead(404).end("not here"));
  await expect(download(address, quiet)).rejects.toThrow(new EnvironmentError(address, "answered 404 Not Found"));
});

test("a server that is not there is told in one line", async () => {
  const address = await serveLocally(() => {});
  const nowhere = address.replace(/:\d+$/, ":1");
  await expect(download(nowhere, quiet)).rejects.toThrow(EnvironmentError);
  await expect(download(nowhere, quiet)).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1: cannot be reached: [^\n]+$/);
});
