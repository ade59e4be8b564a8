import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { toEnvironmentError } from "../../files/node.ts";
import { RequestError } from "../protocol/request-error.ts";
import { createGate, type GateLimits } from "./gate.ts";
import { findModels, type ModelFile } from "./repository.ts";
import { createScheduler } from "./scheduler.ts";
import { createServedModels, type ServedModels, type ServingOptions } from "./served-models.ts";
import { type PoolEvent, startWorkers } from "./worker-pool.ts";

/** What a server is started with. */
export interface ServerOptions extends ServingOptions {
  /** Files, `NAME=FILE`, and folders; see `findModels`. */
  readonly sources: readonly string[];
  readonly host: string;
  readonly port: number;
  /** Worker processes. */
  readonly workers: number;
  readonly limits: GateLimits;
  /** Lets clients load and unload models of the folders that it was started with. */
  readonly allowRepository: boolean;
  readonly version: string;
  readonly onEvent: (event: ServerEvent) => void;
}

/** What a server has to tell. */
export type ServerEvent =
  | PoolEvent
  | {
      readonly kind: "loaded";
      readonly name: string;
      readonly version: string;
      readonly batch: number;
      readonly milliseconds: number;
    }
  | { readonly kind: "listening"; readonly address: string };

/** A server that answers. */
export interface Server {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly address: string;
  readonly models: ServedModels;
  readonly processes: () => readonly number[];
  /** Turns not ready, waits for answers under way, at most so many milliseconds, then ends. */
  readonly close: (patience?: number) => Promise<void>;
}

const PATIENCE = 30_000;

/**
 * Serves models over HTTP: answers from this process, computes in others.
 *
 * @throws {OptionError} if the models cannot be told apart
 * @throws {RequestError} if a model does not open
 * @throws {EnvironmentError} if the port is taken
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const files = await findModels(options.sources);
  const scheduler = createScheduler(
    () => performance.now(),
    (call, milliseconds) => void (milliseconds === 0 ? setImmediate(call) : setTimeout(call, milliseconds)),
  );
  const pool = await startWorkers(options.workers, scheduler, options.onEvent);
  const models = createServedModels(pool, scheduler, options);
  const load = async (file: ModelFile): Promise<void> => {
    const begun = performance.now();
    const { name, version, maxBatch } = await models.load(file);
    options.onEvent({ kind: "loaded", name, version, batch: maxBatch, milliseconds: performance.now() - begun });
  };
  let isOpen = true;
  const gate = createGate({
    models,
    scheduler,
    limits: options.limits,
    version: options.version,
    isOpen: () => isOpen,
    ...(options.allowRepository && {
      repository: {
        load: async (name) => {
          for (const file of await freshVersions(options.sources, name)) await load(file);
        },
        unload: (name) => models.unload(name),
      },
    }),
  });
  try {
    for (const file of files) await load(file);
    await gate.listen({ host: options.host, port: options.port });
  } catch (error) {
    await pool.close();
    await gate.close();
    if ((error as { readonly syscall?: string }).syscall === undefined) throw error;
    throw explainListening(options, error);
  }
  const { port } = gate.server.address() as AddressInfo;
  const address = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  options.onEvent({ kind: "listening", address });
  return {
    address,
    models,
    processes: pool.processes,
    close: async (patience = PATIENCE) => {
      isOpen = false;
      gate.server.close();
      gate.server.closeIdleConnections();
      await Promise.race([scheduler.drained(), sleep(patience, undefined, { ref: false })]);
      await gate.close();
      await pool.close();
    },
  };
}

function explainListening({ host, port }: ServerOptions, error: unknown): Error {
  const { code } = error as { readonly code?: string };
  if (code === "EADDRINUSE")
    return new RequestError(500, `${host}:${port}`, "is in use by another program; choose another port", {
      cause: error,
    });
  return toEnvironmentError(`${host}:${port}`, "cannot listen", error);
}

/** Files of a model by name, as they are on the disk now. */
async function freshVersions(sources: readonly string[], name: string): Promise<readonly ModelFile[]> {
  const files = (await findModels(sources)).filter((file) => file.name === name);
  if (files.length > 0) return files;
  throw new RequestError(404, "model", `"${name}" is not among the models that the server was started with`);
}
