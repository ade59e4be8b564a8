import type { FastifyInstance } from "fastify";
import type { OfferedFolder } from "../server-protocol.ts";
import type { DataFolder } from "./data-folders.ts";

/** Answers `data`, the folders that the server offers, and `data/FOLDER/FILE` by their places among them. */
export function giveData(routes: FastifyInstance, folders: readonly DataFolder[]): void {
  routes.get("/data", async (): Promise<readonly OfferedFolder[]> =>
    folders.map(({ name, paths }) => ({ name, paths })),
  );
  routes.get<{ Params: { folder: string; file: string } }>("/data/:folder/:file", async ({ params }, reply) => {
    const folder = folders.find((_, at) => String(at) === params.folder);
    const place = folder?.paths.findIndex((_, at) => String(at) === params.file) ?? -1;
    const file = place === -1 ? undefined : await folder?.open(place);
    return file === undefined ? reply.code(404).send() : reply.type("application/octet-stream").send(file);
  });
}
