import { type Command, Option } from "commander";
import { nameType } from "../../lab/compare/comparison.ts";
import type { WorkerEvent, WorkerPlace } from "../../lab/compare/node/queue/take-runs.ts";
import type { QueuedRun } from "../../lab/compare/queued-run.ts";
import { phrase } from "../../report/words.ts";
import { cacheFolder } from "../cache.ts";
import { readDuration } from "../comparison-grid.ts";
import { createComparisonReporter } from "../comparison-output.ts";
import { watchInterrupt } from "../interrupt.ts";
import { spokenMessage } from "../lang/language.ts";
import { type ComputeOptions, onlyGiven, sharedOptions } from "../options.ts";
import { say } from "../output.ts";

interface Options extends ComputeOptions {
  readonly store?: string;
  readonly shared: string;
  readonly dataRoot?: string;
  readonly checkpointEvery: number;
  readonly once?: boolean;
}

function nameRun({ run }: QueuedRun): string {
  return `${run.model}, ${nameType(run)}, seed ${run.seed}`;
}

type Telling = {
  readonly [Kind in WorkerEvent["kind"]]: (event: Extract<WorkerEvent, { readonly kind: Kind }>) => void;
};

/** Says what the worker does. */
function createTelling(): (event: WorkerEvent) => void {
  let report: ReturnType<typeof createComparisonReporter> = () => undefined;
  const telling: Telling = {
    took: ({ run, attempt: { number } }) => {
      report = createComparisonReporter([run.run], [1]);
      const name = nameRun(run);
      say(
        number === 1
          ? { en: `Training ${name}.`, zh: `训练 ${name}。` }
          : { en: `Training ${name}, attempt ${number}.`, zh: `训练 ${name}，第 ${number} 次尝试。` },
      );
    },
    progress: ({ event }) => report(event),
    done: ({ run }) => say({ en: `${nameRun(run)}: recorded.`, zh: `${nameRun(run)}：已记录。` }),
    known: ({ run }) =>
      say({ en: `${nameRun(run)}: is in the run store already.`, zh: `${nameRun(run)}：运行存储中已有。` }),
    refused: ({ reason }) => say(phrase({ en: "A job is refused: ", zh: "拒绝一个任务：" }, spokenMessage(reason))),
    "gave-back": ({ reason }) =>
      say(phrase({ en: "A run goes back to the queue: ", zh: "一次训练退回队列：" }, spokenMessage(reason))),
    lost: ({ run }) =>
      say({
        en: `${nameRun(run)}: another worker has it now; this one wrote nothing more.`,
        zh: `${nameRun(run)}：已由另一个 worker 接手；此处不再写入。`,
      }),
    unreachable: ({ reason }) => say(phrase(spokenMessage(reason), { en: "; trying again", zh: "；正在重试" })),
    reached: () => say({ en: "The database is reached again.", zh: "数据库已恢复连接。" }),
  };
  return (event) => (telling[event.kind] as (any: WorkerEvent) => void)(event);
}

async function work(options: Options): Promise<void> {
  const { queueAddress } = await import("../comparison-queue.ts");
  const { recordOptions } = await import("../observers.ts");
  const { requireDevice } = await import("../../runtime/node/devices/require-device.ts");
  const { prepareQueueTables } = await import("../../lab/compare/node/queue/attempts.ts");
  const { requireDataRoot } = await import("../../lab/compare/node/queue/data-root.ts");
  const { openRunQueue, requireQueuePackage } = await import("../../lab/compare/node/queue/run-queue.ts");
  const { joinWorkers } = await import("../../lab/compare/node/queue/shared-folder.ts");
  const { takeRuns } = await import("../../lab/compare/node/queue/take-runs.ts");
  const { recordComparison } = await import("../../lab/compare/node/record.ts");
  const { storePlace } = await import("../store.ts");
  const { shared, dataRoot, threads, device, checkpointEvery, once = false } = options;
  const address = queueAddress(options.store, "--store");
  if (dataRoot !== undefined) requireDataRoot(dataRoot);
  // One that cannot be had would give every run back.
  await requireDevice(device);
  await requireQueuePackage();
  const store = await storePlace(options.store).open();
  try {
    await prepareQueueTables(store.database);
    const worker = await joinWorkers(store.database, shared);
    const queue = await openRunQueue(address, store.database);
    say({
      en: `Waiting for runs in ${store.description}; results go to ${shared}. Ctrl-C ends it.`,
      zh: `正在 ${store.description} 中等待训练；结果写入 ${shared}。按 Ctrl-C 结束。`,
    });
    const record = recordOptions(options);
    const place: WorkerPlace = {
      store,
      address,
      queue,
      worker,
      shared,
      ...(dataRoot === undefined ? {} : { dataRoot }),
      cache: cacheFolder(),
      ...onlyGiven({ threads, device }),
      checkpointMilliseconds: 1000 * checkpointEvery,
      once,
      record: (job) => recordComparison(job, record),
      tell: createTelling(),
    };
    const taking = takeRuns(place);
    const interrupt = watchInterrupt(taking, {
      en: "stopping after this step, with a checkpoint; press Ctrl-C again to end at once",
      zh: "这一步之后停止并写检查点；再按一次 Ctrl-C 立即结束",
    });
    try {
      await taking.result;
    } finally {
      interrupt.end();
      await worker.leave().catch(() => undefined);
      await queue.close().catch(() => undefined);
    }
  } finally {
    await store.close().catch(() => undefined);
  }
}

/** `residua worker`: trains runs that `residua compare --queue` has left to any machine. */
export function registerWorker(program: Command): void {
  program
    .command("worker")
    .addOption(
      new Option(
        "--store <url>",
        "the PostgreSQL database with the queue, where runs are recorded (default: RESIDUA_STORE)",
      ),
    )
    .addOption(
      new Option("--shared <dir>", "folder that all workers share, for checkpoints and results").makeOptionMandatory(),
    )
    .addOption(new Option("--data-root <dir>", "folder below which folders of images lie; known data sets need none"))
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new Option("--checkpoint-every <time>", "time between checkpoints: what a dead machine costs at most")
        .argParser(readDuration)
        .default(120, "2m"),
    )
    .addOption(new Option("--once", "end after one run"))
    .addHelpText(
      "after",
      `
A worker takes one run at a time, from its last checkpoint on. A worker that dies loses its run to another.

Examples:
  $ residua worker --store postgres://me:secret@db.example/lab --shared /nfs/lab
  $ RESIDUA_STORE=@/run/secrets/store residua worker --shared /nfs/lab --data-root /data`,
    )
    .action(work);
}
