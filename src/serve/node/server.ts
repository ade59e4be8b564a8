import { setTimeout as sleep } from "node:timers/promises";
import { readSigningKey } from "../../artifacts/node/signing-keys.ts";
import { OptionError } from "../../tensor/errors.ts";
import { RequestError } from "../protocol/request-error.ts";
import { type AuditLog, openAuditLog } from "./audit/log.ts";
import { type ByteBudget, createBudget } from "./budget.ts";
import { createGate } from "./gate.ts";
import type { GateParts, Stage } from "./gate-parts.ts";
import { answerCall } from "./grpc/service.ts";
import { createConnectionGuard, type Listener, type ListenerParts, openListeners } from "./listeners.ts";
import { createMetrics, type Gauge, type Metrics } from "./metrics.ts";
import { openMetricsListener } from "./metrics-listener.ts";
import { createAccessMemory } from "./policy/access.ts";
import { type LoadedPolicy, loadPolicy, putToWork } from "./policy/load.ts";
import { parsePolicy, type Policy } from "./policy/schema.ts";
import { readModel } from "./read-model.ts";
import { findModels, type ModelFile } from "./repository.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { createServedModels, type ServedModels, type ServingOptions } from "./served-models.ts";
import { type PoolEvent, startWorkers, type WorkerPool } from "./worker-pool.ts";

/** What a server is started with. */
export interface ServerOptions extends Omit<ServingOptions, "queueRequests" | "queueBytes" | "queueWait" | "read"> {
  /** Files, `NAME=FILE`, and folders; see `findModels`. */
  readonly sources: readonly string[];
  /** A policy's file, read again when `reload` is called; or where to listen on this machine alone. */
  readonly policy: string | LocalPolicy;
  /** Worker processes. */
  readonly workers: number;
  /** Lets clients load and unload models of what it was started with. */
  readonly allowRepository: boolean;
  readonly version: string;
  readonly onEvent: (event: ServerEvent) => void;
}

/** Where to listen on this machine alone, without a policy's file. */
export interface LocalPolicy {
  readonly host: string;
  readonly port: number;
  /** Public keys: only models that one of them signed are served. */
  readonly trustedKeys?: readonly string[];
  /** A private key that opens sealed models. */
  readonly openKey?: string;
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
  | { readonly kind: "listening"; readonly address: string }
  /** Metrics are told there. */
  | { readonly kind: "metrics"; readonly address: string }
  | { readonly kind: "reloaded" }
  | { readonly kind: "not-reloaded"; readonly error: Error }
  | { readonly kind: "audit-lost"; readonly error: Error }
  /** A request was answered 500. */
  | { readonly kind: "failed"; readonly error: unknown };

/** A server that answers. */
export interface Server {
  /** Where it listens, such as `http://127.0.0.1:8080`; the first is that of the policy's first entry. */
  readonly addresses: readonly string[];
  /** Where it tells its metrics. */
  readonly metricsAddress: string | undefined;
  readonly models: ServedModels;
  readonly metrics: Metrics;
  /** All metrics as text, as its listener tells them. */
  readonly tellMetrics: () => string;
  readonly budget: ByteBudget;
  readonly processes: () => readonly number[];
  /** Reads the policy again; a faulty one changes nothing, and is told. @returns whether it was taken */
  readonly reload: () => Promise<boolean>;
  /** Turns not ready, waits for answers under way, at most so many milliseconds, then ends. */
  readonly close: (patience?: number) => Promise<void>;
}

const PATIENCE = 30_000;

/** A policy for this machine alone, without clients. */
function localPolicy({ host, port, trustedKeys = [], openKey }: LocalPolicy): Policy {
  const own = {
    listen: [{ address: host, port }],
    network: { allow: ["127.0.0.0/8", "::1"] },
    models: { requireSignature: trustedKeys.length > 0, trustedKeys, ...(openKey !== undefined && { openKey }) },
  };
  return parsePolicy(own, "policy");
}

/** What a server keeps from its start to its end. */
const fixed = ["listen", "admin", "models", "audit"] as const;
const fixedLimits = [
  "totalBytes",
  "queueRequests",
  "waitMs",
  "headerBytes",
  "headersTimeoutMs",
  "requestTimeoutMs",
] as const;

/**
 * Refuses a policy that changes what only a start can change.
 *
 * @throws {OptionError} naming the field
 */
function requireSameStart(before: Policy, fresh: Policy, where: string): void {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  const changed =
    fixed.find((field) => differs(before[field], fresh[field])) ??
    fixedLimits.find((field) => differs(before.limits[field], fresh.limits[field]));
  if (changed === undefined) return;
  const field = (fixed as readonly string[]).includes(changed) ? changed : `limits.${changed}`;
  throw new OptionError(
    `${where}: ${field}`,
    "was changed, which takes effect at a start alone; start the server anew",
  );
}

/**
 * Serves models over HTTP: answers from this process, computes in others.
 *
 * @throws {OptionError} if the models cannot be told apart, or the policy is unsafe
 * @throws {RequestError} if a model does not open
 * @throws {EnvironmentError} if a port is taken, or a file cannot be read
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const files = await findModels(options.sources);
  const memory = createAccessMemory(() => performance.now());
  const { policy } = options;
  let loaded: LoadedPolicy = await (typeof policy === "string"
    ? loadPolicy(policy, memory)
    : putToWork(localPolicy(policy), memory));
  const access = (): LoadedPolicy["access"] => loaded.access;
  const { limits } = access().policy;
  const metrics = createMetrics();
  const budget = createBudget(limits.totalBytes);
  const audit = await openAudit(access().policy, metrics, options);
  const scheduler = createScheduler(
    () => performance.now(),
    (call, milliseconds) => void (milliseconds === 0 ? setImmediate(call) : setTimeout(call, milliseconds)),
  );
  const pool = await startWorkers(options.workers, scheduler, (event) => {
    if (event.kind === "worker-ended") metrics.count("residua_worker_restarts_total");
    options.onEvent(event);
  });
  const models = createServedModels(pool, scheduler, {
    ...options,
    read: (file) => readModel(file, access().policy.models),
    queueRequests: limits.queueRequests,
    queueBytes: limits.totalBytes,
    queueWait: limits.waitMs,
  });
  const load = async (file: ModelFile): Promise<void> => {
    const begun = performance.now();
    const { name, version, maxBatch } = await models.load(file);
    options.onEvent({ kind: "loaded", name, version, batch: maxBatch, milliseconds: performance.now() - begun });
  };
  let stage: Stage = "starting";
  const parts: GateParts = {
    models,
    scheduler,
    access,
    budget,
    metrics,
    onFailure: (error) => options.onEvent({ kind: "failed", error }),
    record: (entry) => audit?.write(entry),
    refusal: () => (access().policy.audit?.onFull === "continue" ? undefined : audit?.failure()),
    version: options.version,
    stage: () => stage,
    ...(options.allowRepository && {
      repository: {
        load: async (name) => {
          for (const file of await freshVersions(options.sources, name)) await load(file);
        },
        unload: (name) => models.unload(name),
      },
    }),
  };
  const gate = createGate(parts);
  let listeners: readonly Listener[] = [];
  const tellMetrics = (): string => metrics.tell(gauges({ budget, pool, models, scheduler, loaded }));
  let metricsListener: Awaited<ReturnType<typeof openMetricsListener>>;
  try {
    await gate.ready();
    const guard = createConnectionGuard(access);
    const answer: ListenerParts["answerCall"] = (stream, headers) => answerCall(parts, stream, headers);
    listeners = await openListeners(loaded, { handle: gate.routing, answerCall: answer, access, metrics, guard });
    metricsListener = await openMetricsListener(access().policy.admin, tellMetrics);
    // Once it is sure that it can listen.
    for (const file of files) await load(file);
    stage = "open";
  } catch (error) {
    for (const { destroy } of listeners) destroy();
    await Promise.all([...listeners.map(({ close }) => close()), metricsListener?.close()]);
    await pool.close();
    await audit?.close();
    throw error;
  }
  for (const { address } of listeners) options.onEvent({ kind: "listening", address });
  if (metricsListener !== undefined) options.onEvent({ kind: "metrics", address: metricsListener.address });
  return {
    addresses: listeners.map(({ address }) => address),
    metricsAddress: metricsListener?.address,
    models,
    metrics,
    tellMetrics,
    budget,
    processes: pool.processes,
    reload: async () => {
      if (typeof policy !== "string") return false;
      try {
        const fresh = await loadPolicy(policy, memory, "reload");
        requireSameStart(access().policy, fresh.access.policy, policy);
        for (const { index, renew } of listeners) {
          const tls = fresh.tls.get(index);
          if (tls !== undefined) renew(tls);
        }
        loaded = fresh;
        metrics.count("residua_policy_reloads_total", { result: "taken" });
        options.onEvent({ kind: "reloaded" });
        return true;
      } catch (error) {
        metrics.count("residua_policy_reloads_total", { result: "refused" });
        options.onEvent({ kind: "not-reloaded", error: error as Error });
        return false;
      }
    },
    close: async (patience = PATIENCE) => {
      stage = "closing";
      const closed = Promise.all(listeners.map(({ close }) => close()));
      const limit = sleep(patience, undefined, { ref: false });
      await Promise.race([Promise.all([scheduler.drained(), closed]), limit]);
      for (const { destroy } of listeners) destroy();
      await gate.close();
      await metricsListener?.close();
      await pool.close();
      await audit?.close();
    },
  };
}

async function openAudit(
  { audit }: Policy,
  metrics: Metrics,
  { onEvent }: ServerOptions,
): Promise<AuditLog | undefined> {
  if (audit === undefined) return undefined;
  const { file, maxBytes, keepDays, signingKey } = audit;
  const key = signingKey === undefined ? undefined : await readSigningKey(signingKey);
  return openAuditLog({
    file,
    maxBytes,
    keepDays,
    ...(key && { key }),
    onLost: (error) => {
      metrics.count("residua_audit_lost_total");
      onEvent({ kind: "audit-lost", error });
    },
  });
}

function gauges(at: {
  readonly budget: ByteBudget;
  readonly pool: WorkerPool;
  readonly models: ServedModels;
  readonly scheduler: Scheduler;
  readonly loaded: LoadedPolicy;
}): readonly Gauge[] {
  const own: Gauge[] = [
    { name: "process_resident_memory_bytes", help: "Resident memory in bytes", value: process.memoryUsage.rss() },
    {
      name: "process_cpu_seconds_total",
      help: "Processor time in seconds",
      value: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    },
    { name: "residua_held_bytes", help: "Bytes of requests received, unpacked and queued", value: at.budget.used() },
    { name: "residua_workers", help: "Worker processes that are ready", value: at.pool.processes().length },
  ];
  for (const { name, version, state } of at.models.list()) {
    const labels = { model: name, version };
    own.push({
      name: "residua_model_ready",
      help: "Whether a model answers",
      labels,
      value: Number(state === "READY"),
    });
  }
  for (const { name, version, key } of at.models.list()) {
    const figures = at.scheduler.figures(key);
    const labels = { model: name, version };
    own.push({
      name: "residua_inference_pending_request_count",
      help: "Requests that wait",
      labels,
      value: figures?.waiting ?? 0,
    });
    own.push({
      name: "residua_inference_running_samples",
      help: "Samples that workers have been given",
      labels,
      value: figures?.running ?? 0,
    });
  }
  for (const [index, { expires }] of at.loaded.tls) {
    const days = (expires.getTime() - Date.now()) / 86_400_000;
    own.push({
      name: "residua_certificate_days",
      help: "Days until a certificate expires",
      labels: { listener: String(index) },
      value: days,
    });
  }
  return own;
}

/** Files of a model by name, as they are on the disk now. */
async function freshVersions(sources: readonly string[], name: string): Promise<readonly ModelFile[]> {
  const files = (await findModels(sources)).filter((file) => file.name === name);
  if (files.length > 0) return files;
  throw new RequestError(404, "model", `"${name}" is not among the models that the server was started with`);
}
