import type { Device } from "../../runtime/device.ts";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { type Command, Option } from "commander";
import { defaultThreads } from "../../runtime/node/default-threads.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Firewall, firewalls } from "../../serve/node/firewall/write.ts";
import type { LoadedPolicy } from "../../serve/node/policy/load.ts";
import type { Server, ServerEvent } from "../../serve/node/server.ts";
import { onlyGiven, optionName, sharedOptions, typedOptions, wholeNumber } from "../options.ts";
import { spokenMessage } from "../lang/language.ts";
import { print, printJson, printLines, say } from "../output.ts";
import { packageVersion } from "../version.ts";

interface Options {
  readonly host?: string;
  readonly port?: number;
  readonly policy?: string;
  readonly checkPolicy?: string;
  readonly printFirewall?: Firewall;
  readonly newClient?: string;
  readonly workers?: number;
  readonly threads: number;
  readonly device?: Device;
  readonly batch: number;
  readonly batchDelay: number;
  readonly allowRepository?: boolean;
  readonly trustedKey?: readonly string[];
  readonly openKey?: string;
  readonly json?: boolean;
}

const STANDARD_HOST = "127.0.0.1";
const STANDARD_PORT = 8080;

const event: { readonly [Kind in ServerEvent["kind"]]: (own: Extract<ServerEvent, { readonly kind: Kind }>) => void } =
  {
    listening: ({ address }) =>
      print({ en: `Listening on ${address}; Ctrl-C ends it.`, zh: `正在监听 ${address}；按 Ctrl-C 结束。` }),
    metrics: ({ address }) => print({ en: `Metrics on ${address}.`, zh: `指标在 ${address}。` }),
    loaded: ({ name, version, batch }) => {
      const isBatched = batch > 1;
      say({
        en: `${name}, version ${version}: ready${isBatched ? `, up to ${batch} samples per run` : ""}.`,
        zh: `${name}，版本 ${version}：就绪${isBatched ? `，每次运行最多 ${batch} 个样本` : ""}。`,
      });
    },
    "worker-ended": ({ how, models }) => {
      const names = models.join(", ");
      say({
        en: `A worker ${how}${names === "" ? "" : ` while it computed ${names}`}; another takes its place.`,
        zh: `一个工作进程${names === "" ? "" : `在计算 ${names} 时`}终止（${how}）；另一个接替它。`,
      });
    },
    "worker-back": ({ milliseconds }) => {
      const time = Math.round(milliseconds);
      say({ en: `The new worker was ready after ${time} ms.`, zh: `新的工作进程在 ${time} ms 后就绪。` });
    },
    quarantined: ({ model }) =>
      say({
        en: `${model} ended its worker several times and is no longer tried.`,
        zh: `${model} 多次使工作进程终止，不再尝试。`,
      }),
    reloaded: () => say({ en: "The policy was read again and holds from now on.", zh: "已重新读取策略，即刻生效。" }),
    "not-reloaded": ({ error }) =>
      say({
        en: `The policy was not taken, the one before still holds: ${error.message}`,
        zh: `新策略未被采用，原策略继续有效：${spokenMessage(error.message)}`,
      }),
    failed: ({ error }) => {
      const text = error instanceof Error ? error.message : String(error);
      say({ en: `A request failed: ${text}`, zh: `一个请求失败：${spokenMessage(text)}` });
    },
    "audit-lost": ({ error }) =>
      say({
        en: `An audit entry was lost: ${error.message}`,
        zh: `丢失一条审计记录：${spokenMessage(error.message)}`,
      }),
  };

const tell = (own: ServerEvent): void => (event[own.kind] as (any: ServerEvent) => void)(own);

async function serve(sources: readonly string[], options: Options, typed: ReadonlySet<string>): Promise<void> {
  const other = errands.find((name) => options[name] !== undefined);
  if (other !== undefined) {
    requireAlone(other, sources, typed);
    if (options.newClient !== undefined) return printClient(options.newClient, options);
    if (options.checkPolicy !== undefined) return checkPolicy(options.checkPolicy, options);
    return printFirewall(options.printFirewall!, options);
  }
  if (options.json === true)
    throw new OptionError("--json", `applies to ${errands.map(optionName).join(", ")}; a server answers over HTTP`);
  if (sources.length === 0) throw new OptionError("<model...>", "is missing; name a network file or a folder of them");
  const { threads, device = "cpu", trustedKey, openKey, policy } = options;
  refuseBesidePolicy(options);
  const { host = STANDARD_HOST, port = STANDARD_PORT } = options;
  const { isLoopback } = await import("../../serve/node/policy/exposure.ts");
  if (!isLoopback(host))
    throw new OptionError(
      "--host",
      `others can reach ${host}, which needs an access policy: --policy FILE says who may ask (docs/serve.md), or use 127.0.0.1`,
    );
  const { requireDevice } = await import("../../runtime/node/devices/require-device.ts");
  await requireDevice(device);
  // On the processor, one for each core; what else computes holds its weights once.
  const standardWorkers = device === "cpu" ? Math.max(1, Math.floor(defaultThreads() / threads)) : 1;
  // Bodies lie outside V8's heap, and count against its limit until the next scavenge: with a young generation of 16 MB, whole
  // collections of all that is kept came in between, 10 in 2,500 requests. It stays as small as it is at the start.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { startServer } = await import("../../serve/node/server.ts");
  const server = await startServer({
    sources,
    policy: policy ?? { host, port, ...onlyGiven({ trustedKeys: trustedKey, openKey }) },
    threads,
    device,
    workers: options.workers ?? standardWorkers,
    maxBatch: options.batch,
    batchDelay: options.batchDelay,
    allowRepository: options.allowRepository === true,
    version: packageVersion(),
    onEvent: tell,
  });
  await untilStopped(server, policy);
}

/** What the command does in place of serving. */
const errands = ["newClient", "checkPolicy", "printFirewall"] as const;

/** @throws {OptionError} naming what is about serving, which is not done now */
function requireAlone(errand: (typeof errands)[number], sources: readonly string[], typed: ReadonlySet<string>): void {
  const may = new Set<string>([errand, "json", ...(errand === "printFirewall" ? ["policy"] : [])]);
  const other = [...typed].find((name) => !may.has(name));
  if (other === undefined && sources.length === 0) return;
  const where = other === undefined ? "<model...>" : optionName(other);
  throw new OptionError(where, `does not apply with ${optionName(errand)}, which serves nothing; leave it out`);
}

/** A policy says these itself. */
const policyFields = { host: "listen", port: "listen", trustedKey: "models.trustedKeys", openKey: "models.openKey" };

function refuseBesidePolicy(options: Options): void {
  if (options.policy === undefined) return;
  for (const [name, field] of Object.entries(policyFields))
    if (options[name as keyof Options] !== undefined)
      throw new OptionError(optionName(name), `stands beside --policy, whose ${field} says it; leave it out`);
}

async function printClient(name: string, { json = false }: Options): Promise<void> {
  const { requireClientName } = await import("../../serve/node/policy/schema.ts");
  requireClientName(name, "--new-client");
  const { createKey } = await import("../../serve/node/policy/keys.ts");
  const { key, keyHash } = createKey();
  const client = { name, keyHash, models: ["*"], verbs: ["infer", "metadata"] };
  if (json) return printJson({ key, client });
  const row = JSON.stringify(client);
  print({ en: `Key of ${name}, shown this once: ${key}`, zh: `${name} 的密钥，只显示这一次：${key}` });
  print({ en: `For "clients" of the policy: ${row}`, zh: `写入策略的 "clients"：${row}` });
}

async function checkPolicy(path: string, { json = false }: Options): Promise<void> {
  const { access } = await readPolicy(path);
  const { listen, clients } = access.policy;
  if (json) return printJson({ policy: path, valid: true, listen: listen.length, clients: clients.length });
  const [places, keys] = [listen.length, clients.length];
  print({
    en: `${path} is valid: ${places} ${places === 1 ? "listener" : "listeners"}, ${keys} ${keys === 1 ? "client" : "clients"}.`,
    zh: `${path} 有效：${places} 个监听地址，${keys} 个客户端。`,
  });
}

async function printFirewall(kind: Firewall, { policy: path, json = false }: Options): Promise<void> {
  if (path === undefined)
    throw new OptionError("--policy", "is missing; --print-firewall writes the rules of a policy");
  const rules = firewalls[kind]((await readPolicy(path)).access.policy);
  if (json) printJson({ policy: path, kind, rules });
  else printLines(rules.trimEnd());
}

async function readPolicy(path: string): Promise<LoadedPolicy> {
  const { loadPolicy } = await import("../../serve/node/policy/load.ts");
  const { createAccessMemory } = await import("../../serve/node/policy/access.ts");
  const memory = createAccessMemory(() => performance.now());
  return loadPolicy(path, memory);
}

/** Waits until changes of a file have come to rest. */
const SETTLED_MILLISECONDS = 200;

/**
 * Calls back when a file has another content. Its folder is watched: editors and Kubernetes put another file in its place.
 *
 * @returns ends the watch
 */
function watchContent(path: string, onChange: () => void): () => void {
  const read = (): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);
  let known = read();
  let settling: NodeJS.Timeout | undefined;
  const compare = async (): Promise<void> => {
    const [before, now] = [await known, await read()];
    known = Promise.resolve(now);
    if (now !== before) onChange();
  };
  const watcher = watch(dirname(path), { persistent: false }, () => {
    clearTimeout(settling);
    settling = setTimeout(() => void compare(), SETTLED_MILLISECONDS);
  });
  return () => {
    clearTimeout(settling);
    watcher.close();
  };
}

/**
 * Ctrl-C, or SIGTERM, lets answers under way finish; a second one ends at once. SIGHUP, or a change of the file, reads the
 * policy again.
 */
function untilStopped(server: Server, policy: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let isClosing = false;
    const reload = (): void => void server.reload();
    const unwatch = policy === undefined ? undefined : watchContent(policy, reload);
    const stop = (): void => {
      if (isClosing) process.exit(1);
      isClosing = true;
      unwatch?.();
      say({
        en: "Finishing the answers under way. Ctrl-C again ends at once.",
        zh: "正在完成进行中的回答。再按 Ctrl-C 立即结束。",
      });
      server.close().then(resolve, reject);
    };
    process.on("SIGHUP", reload);
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

/** `residua serve MODEL…`: an inference server. */
export function registerServe(program: Command): void {
  program
    .command("serve")
    .argument("[model...]", "network files, NAME=FILE, or folders of them; NAME/VERSION/model.onnx gives versions")
    .addOption(
      new Option("--host <address>", `address to listen on, of this machine alone (default: ${STANDARD_HOST})`),
    )
    .addOption(
      new Option("--port <number>", `port to listen on; 0 takes any (default: ${STANDARD_PORT})`).argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .option("--policy <file>", "access policy: where to listen, who may ask, how much; read again when it changes")
    .option("--check-policy <file>", "check a policy and all that it names, and start nothing")
    .addOption(
      new Option("--print-firewall <kind>", "print rules that match the policy, and start nothing").choices(
        Object.keys(firewalls),
      ),
    )
    .option("--new-client <name>", "make a key for a client of a policy, and start nothing")
    .addOption(
      new Option(
        "--workers <number>",
        "processes that compute; if left out, one per core, and one on another device",
      ).argParser(wholeNumber(1, 256)),
    )
    .addOption(new Option("--threads <number>", "threads of each").argParser(wholeNumber(1, 1024)).default(1))
    .addOption(sharedOptions.device())
    .addOption(
      new Option("--batch <number>", "most samples in one run; measuring finds the best up to it, 1 turns batching off")
        .argParser(wholeNumber(1, 1024))
        .default(32),
    )
    .addOption(
      new Option("--batch-delay <ms>", "how long a free worker waits for more requests")
        .argParser(wholeNumber(0, 10_000))
        .default(0),
    )
    .option("--allow-repository", "let clients load and unload the models of the given folders")
    .option("--trusted-key <file...>", "serve only models whose signature, beside them, is one of these public keys'")
    .option("--open-key <file>", "private key that opens sealed models, in memory alone")
    .option("--json", "print what --new-client and --check-policy say as JSON")
    .addHelpText(
      "after",
      `
Speaks the Open Inference Protocol, version 2 (that of Triton and KServe), over REST.

Examples:
  $ residua serve residua-train/model.onnx
  $ residua serve digits=runs/mnist/model.onnx models/ --port 9000
  $ residua serve --new-client ward-3
  $ residua serve models/ --policy residua.policy.json
  $ curl http://127.0.0.1:8080/v2/models/model`,
    )
    .action((sources: readonly string[], options: Options, command: Command) =>
      serve(sources, options, new Set(Object.keys(typedOptions(command)))),
    );
}
