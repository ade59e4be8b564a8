import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "./connection.ts";
import type { LoadOrder, LoadReport } from "./load.ts";

// Sends requests to a server and reports how it answered: an order per line, as JSON. As little as possible is done per
// request, for it shares the machine's cores with the server.

async function requestOf({ port, method, path, headers, body }: LoadOrder): Promise<Buffer> {
  const bytes = body === undefined ? Buffer.alloc(0) : await readFile(body);
  const lines = Object.entries({ ...headers, host: `127.0.0.1:${port}`, "content-length": String(bytes.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`), bytes]);
}

type Counts = { -readonly [Key in keyof LoadReport]: LoadReport[Key] } & {
  answered: number[];
  refused: number[];
  others: number[];
};

async function send(order: LoadOrder): Promise<LoadReport> {
  const request = await requestOf(order);
  const report: Counts = { seconds: 0, answered: [], refused: [], others: [], unsaid: 0, processorSeconds: 0 };
  const free: ReturnType<typeof openConnection>[] = Array.from({ length: order.connections }, () =>
    openConnection(order.port),
  );
  const all = [...free];
  const one = async (connection: (typeof all)[number], since: number): Promise<void> => {
    const { status, hasRetryAfter } = await connection.exchange(request);
    const milliseconds = performance.now() - since;
    if (status === 200) report.answered.push(milliseconds);
    else if (status === 503) report.refused.push(milliseconds);
    else report.others.push(status);
    if (status === 503 && !hasRetryAfter) report.unsaid++;
  };
  await Promise.all(all.map(({ opened }) => opened));
  const begun = performance.now();
  const before = process.cpuUsage();
  const end = "seconds" in order.until ? begun + 1000 * order.until.seconds : Number.POSITIVE_INFINITY;
  let left = "requests" in order.until ? order.until.requests : Number.POSITIVE_INFINITY;
  if (order.perSecond === undefined)
    await Promise.all(
      all.map(async (connection) => {
        while (left-- > 0 && performance.now() < end) await one(connection, performance.now());
      }),
    );
  else await sendEvenly(order.perSecond, end, free, one);
  const { user, system } = process.cpuUsage(before);
  for (const { close } of all) close();
  return { ...report, seconds: (performance.now() - begun) / 1000, processorSeconds: (user + system) / 1e6 };
}

/** Sends so many a second, however the server answers. A request's time counts from when it was due. */
async function sendEvenly<T>(
  perSecond: number,
  end: number,
  free: T[],
  one: (connection: T, since: number) => Promise<void>,
): Promise<void> {
  const begun = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let count = 0; ; count++) {
    const due = begun + (1000 * count) / perSecond;
    if (due >= end) break;
    if (performance.now() < due) await sleep(due - performance.now());
    while (free.length === 0) await Promise.race(underWay);
    const connection = free.pop()!;
    const own = one(connection, due).then(() => {
      free.push(connection);
      underWay.delete(own);
    });
    underWay.add(own);
  }
  await Promise.all(underWay);
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  process.stdout.write(`${JSON.stringify(await send(JSON.parse(line) as LoadOrder))}\n`);
}
