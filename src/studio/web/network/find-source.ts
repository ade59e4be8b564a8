import { listReadyFiles } from "../../../ready/web/find.ts";
import { ResiduaError } from "../../../tensor/errors.ts";
import type { NetworkSource } from "./describe-job.ts";

/** A network by its name, without weights. */
export type NamedSource = Extract<NetworkSource, { readonly kind: "named" }>;

/** The ready networks by their names; none where a site has none. */
export async function listReady(models: string): ReturnType<typeof listReadyFiles> {
  try {
    return await listReadyFiles(models);
  } catch (error) {
    // Networks by their names need no site.
    if (error instanceof ResiduaError) return new Map();
    throw error;
  }
}

/** The file of a ready network where a name is one's; other names and files stand as they are. */
export async function findSource(source: NetworkSource, models: string): Promise<NetworkSource> {
  if (source.kind === "file") return source;
  const fetchIt = (await listReady(models)).get(source.model);
  if (fetchIt === undefined) return source;
  const { bytes } = await fetchIt();
  return { kind: "file", file: new File([bytes as BlobPart], `${source.model}.onnx`) };
}
