import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Policy } from "./policy/schema.ts";
import { startListening } from "./start-listening.ts";

/** Tells metrics on an address of their own, so that who may ask for answers need not see them. */
export async function openMetricsListener(
  admin: Policy["admin"],
  tell: () => string,
): Promise<{ readonly address: string; readonly close: () => Promise<void> } | undefined> {
  if (admin === undefined) return undefined;
  const server = createServer((request, response) => {
    const isAsked = request.method === "GET" && request.url === "/metrics";
    response.writeHead(isAsked ? 200 : 404, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    response.end(isAsked ? tell() : "GET /metrics is all there is here\n");
  });
  const where = `${admin.address}:${admin.port}`;
  await startListening(server, where, { port: admin.port, host: admin.address });
  const { port } = server.address() as AddressInfo;
  const host = admin.address.includes(":") ? `[${admin.address}]` : admin.address;
  return {
    address: `http://${host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
