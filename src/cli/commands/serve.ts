import { type Command, Option } from "commander";
import { readVerified } from "../../artifacts/node/signature.ts";
import { readFileBytes } from "../../files/node.ts";
import { defaultThreads } from "../../runtime/node/default-threads.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Server, ServerEvent } from "../../serve/node/server.ts";
import { wholeNumber } from "../options.ts";
import { print, say } from "../output.ts";
import { packageVersion } from "../version.ts";

interface Options {
  readonly host: string;
  readonly port: number;
  readonly workers?: number;
  readonly threads: number;
  readonly batch: number;
  readonly batchDelay: number;
  readonly allowRepository?: boolean;
  readonly trustedKey?: string;
}

const MEBIBYTE = 1_048_576;
const limits = {
  bodyBytes: 32 * MEBIBYTE,
  unpackedBytes: 64 * MEBIBYTE,
  headerBytes: 16_384,
  requestTimeoutMs: 30_000,
};
const QUEUED_REQUESTS = 256;
const QUEUED_BYTES = 256 * MEBIBYTE;

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

function tell(event: ServerEvent): void {
  if (event.kind === "listening") return print(`Listening on ${event.address}; Ctrl-C ends it.`);
  if (event.kind === "loaded")
    return say(`${event.name}, version ${event.version}: ready, up to ${event.batch} images per run.`);
  if (event.kind === "worker-ended") {
    const during = event.models.length === 0 ? "" : ` while it computed ${event.models.join(", ")}`;
    return say(`A worker ${event.how}${during}; another takes its place.`);
  }
  if (event.kind === "worker-back") return say(`The new worker was ready after ${Math.round(event.milliseconds)} ms.`);
  return say(`${event.model} ended its worker several times and is no longer tried.`);
}

async function serve(sources: readonly string[], options: Options): Promise<void> {
  const { host, port, threads, trustedKey } = options;
  if (!isLoopback(host))
    throw new OptionError("--host", `${host} can be reached by others, which needs an access policy; use 127.0.0.1`);
  const { startServer } = await import("../../serve/node/server.ts");
  const server = await startServer({
    sources,
    host,
    port,
    threads,
    workers: options.workers ?? Math.max(1, Math.floor(defaultThreads() / threads)),
    maxBatch: options.batch,
    batchDelay: options.batchDelay,
    queueRequests: QUEUED_REQUESTS,
    queueBytes: QUEUED_BYTES,
    limits,
    allowRepository: options.allowRepository === true,
    version: packageVersion(),
    read: (path) => (trustedKey === undefined ? readFileBytes(path) : readVerified(path, { key: trustedKey })),
    onEvent: tell,
  });
  await untilStopped(server);
}

/** Ctrl-C, or SIGTERM, lets answers under way finish; a second one ends at once. */
function untilStopped(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    let isClosing = false;
    const stop = (): void => {
      if (isClosing) process.exit(1);
      isClosing = true;
      say("\nFinishing the answers under way. Ctrl-C again ends at once.");
      server.close().then(resolve, reject);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

/** `residua serve MODEL…`: an inference server. */
export function registerServe(program: Command): void {
  program
    .command("serve")
    .argument("<model...>", "network files, NAME=FILE, or folders of them; NAME/VERSION/model.onnx gives versions")
    .addOption(new Option("--host <address>", "address to listen on").default("127.0.0.1"))
    .addOption(
      new Option("--port <number>", "port to listen on; 0 takes any").argParser(wholeNumber(0, 65_535)).default(8080),
    )
    .addOption(
      new Option("--workers <number>", "processes that compute; one per core if left out").argParser(
        wholeNumber(1, 256),
      ),
    )
    .addOption(new Option("--threads <number>", "threads of each").argParser(wholeNumber(1, 1024)).default(1))
    .addOption(
      new Option("--batch <number>", "most images in one run; measuring finds the best up to it; 1 turns batching off")
        .argParser(wholeNumber(1, 1024))
        .default(32),
    )
    .addOption(
      new Option("--batch-delay <ms>", "how long a free worker waits for more requests")
        .argParser(wholeNumber(0, 10_000))
        .default(0),
    )
    .option("--allow-repository", "let clients load and unload the models of the given folders")
    .addOption(
      new Option("--trusted-key <file>", "serve only models whose signature, beside them, is this public key's"),
    )
    .addHelpText(
      "after",
      `
Speaks the Open Inference Protocol, version 2 (that of Triton and KServe), over REST.

Examples:
  $ residua serve residua-train/model.onnx
  $ residua serve digits=runs/mnist/model.onnx models/ --port 9000
  $ curl http://127.0.0.1:8080/v2/models/model`,
    )
    .action(serve);
}
