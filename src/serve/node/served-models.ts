import type { Device } from "../../runtime/device.ts";
import { createHash } from "node:crypto";
import { errorMessage } from "../../tensor/errors.ts";
import { RequestError } from "../protocol/request-error.ts";
import type { ModelSignature } from "../protocol/signature.ts";
import { chooseBatch } from "./model-runner.ts";
import { createStatistics, type ModelStatistics } from "./model-statistics.ts";
import { unknownModel } from "./policy/access.ts";
import type { ReadModel } from "./read-model.ts";
import type { ModelFile } from "./repository.ts";
import type { Scheduler } from "./scheduler.ts";
import type { LoadedModel } from "./worker-protocol.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** A version of a model that answers, or says why it does not. */
export interface ServedVersion extends ModelFile {
  /** Under which workers and queues know it. */
  readonly key: string;
  readonly sha256: string;
  readonly signature: ModelSignature | undefined;
  readonly maxBatch: number;
  readonly state: "LOADING" | "READY" | "UNAVAILABLE";
  readonly reason: string;
  readonly statistics: ModelStatistics;
  /** Of its metrics. */
  readonly labels: { readonly model: string; readonly version: string };
  /** Milliseconds per run by batch size, as measured when it was loaded. */
  readonly measured: LoadedModel["measured"];
}

/** A version that answers. */
export interface ReadyVersion extends ServedVersion {
  readonly signature: ModelSignature;
}

/** How models are served. */
export interface ServingOptions {
  /** Samples in one run at most; 1 turns batching off. */
  readonly maxBatch: number;
  readonly threads: number;
  /** Where workers compute; the processor if left out. */
  readonly device?: Device;
  /** Milliseconds to wait for more requests. */
  readonly batchDelay: number;
  readonly queueRequests: number;
  readonly queueBytes: number;
  /** Milliseconds that a request may have to wait; see `QueueLimits`. */
  readonly queueWait: number | undefined;
  /** Reads a model: as it is, or only if it is signed. */
  readonly read: (file: ModelFile) => Promise<ReadModel>;
}

/** The models of a server, by name and version. */
export interface ServedModels {
  /** Loads a file beside what is there; from then on, its name means it if its version is the highest. */
  readonly load: (file: ModelFile) => Promise<ServedVersion>;
  readonly unload: (name: string, version?: string) => Promise<void>;
  /** @throws {RequestError} 404 if there is none, 503 if it is not ready */
  readonly find: (name: string, version?: string) => ReadyVersion;
  readonly list: () => readonly ServedVersion[];
  readonly isReady: () => boolean;
}

/** The SHA-256 of a model's file; of several, that of their bytes one after another. */
function hashOf(bytes: ReadModel["bytes"]): string {
  const hash = createHash("sha256");
  for (const file of bytes instanceof Uint8Array ? [bytes] : Object.values(bytes)) hash.update(file);
  return hash.digest("hex");
}

/** Keeps the models of a server. */
export function createServedModels(pool: WorkerPool, scheduler: Scheduler, options: ServingOptions): ServedModels {
  /** By name, in the order of their versions. */
  const models = new Map<string, Map<string, ServedVersion>>();
  let loads = 0;

  const put = (version: ServedVersion): void => {
    const versions = models.get(version.name) ?? new Map<string, ServedVersion>();
    versions.set(version.version, version);
    models.set(version.name, versions);
  };

  const retire = async ({ key, state }: ServedVersion): Promise<void> => {
    if (state !== "READY") return;
    await scheduler.drainModel(key);
    scheduler.removeModel(key);
    await pool.unload(key);
  };

  const load = async (file: ModelFile): Promise<ServedVersion> => {
    const before = models.get(file.name)?.get(file.version);
    // A version that is loaded again stands beside the one that still answers.
    const key = `${file.name}/${file.version}#${++loads}`;
    const fresh: ServedVersion = {
      ...file,
      key,
      sha256: "",
      signature: undefined,
      maxBatch: 1,
      state: "LOADING",
      reason: "",
      statistics: createStatistics(),
      labels: { model: file.name, version: file.version },
      measured: [],
    };
    if (before?.state !== "READY") put(fresh);
    try {
      const { bytes, path, mayReadBeside } = await options.read(file);
      const sha256 = hashOf(bytes);
      const { threads, device, maxBatch: most } = options;
      const where = { threads, ...(device === undefined ? {} : { device }) };
      const model = { key, path, bytes, mayReadBeside, ...where, measure: true, maxBatch: most };
      const { signature, measured, order } = await pool.load(model);
      const maxBatch = signature.isBatched ? Math.min(most, chooseBatch(measured, order)) : 1;
      const perSample = measured.findLast(([batch]) => batch <= maxBatch);
      scheduler.addModel(
        key,
        {
          requests: options.queueRequests,
          bytes: options.queueBytes,
          batch: maxBatch,
          delay: options.batchDelay,
          ...(options.queueWait !== undefined && { wait: options.queueWait }),
        },
        perSample === undefined ? 0 : perSample[1] / perSample[0],
      );
      const ready: ServedVersion = { ...fresh, sha256, signature, maxBatch, state: "READY", measured };
      put(ready);
      if (before !== undefined) await retire(before);
      return ready;
    } catch (error) {
      const reason = errorMessage(error);
      if (before?.state !== "READY") put({ ...fresh, state: "UNAVAILABLE", reason });
      throw error;
    }
  };

  const newestOf = (versions: ReadonlyMap<string, ServedVersion> | undefined): ServedVersion | undefined => {
    let newest: ServedVersion | undefined;
    for (const each of versions?.values() ?? []) {
      const isBetter = newest?.state !== "READY" || Number(each.version) > Number(newest.version);
      if (newest === undefined || (each.state === "READY" && isBetter)) newest = each;
    }
    return newest;
  };

  const find: ServedModels["find"] = (name, version) => {
    const versions = models.get(name);
    const found = version === undefined ? newestOf(versions) : versions?.get(version);
    if (found === undefined) throw unknownModel(name, version);
    const { signature, state, reason, key } = found;
    const quarantine = pool.quarantineOf(key);
    if (signature === undefined || state !== "READY" || quarantine !== undefined)
      throw new RequestError(
        503,
        name,
        `is not ready: ${quarantine ?? (reason === "" ? "it is being loaded" : reason)}`,
        {
          retryAfter: 1,
        },
      );
    return { ...found, signature };
  };

  return {
    load,
    unload: async (name, version) => {
      const versions = models.get(name);
      const leaving = [...(versions?.values() ?? [])].filter((own) => version === undefined || own.version === version);
      if (leaving.length === 0) find(name, version);
      for (const own of leaving) {
        versions?.set(own.version, { ...own, state: "UNAVAILABLE", reason: "unloaded" });
        await retire(own);
      }
    },
    find,
    list: () => Array.from(models.values(), (versions) => [...versions.values()]).flat(),
    isReady: () => pool.processes().length > 0,
  };
}
