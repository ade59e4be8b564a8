import type { Command } from "commander";
import { nameType } from "../lab/compare/comparison.ts";
import type { CompareJob } from "../lab/compare/job.ts";
import { findKnownRuns, keyOfRun } from "../lab/compare/node/known-runs.ts";
import type { RunPlan } from "../lab/compare/plan.ts";
import { prepareQueueTables } from "../lab/compare/node/queue/attempts.ts";
import { type FollowEvent, followRuns, type RunProgress } from "../lab/compare/node/queue/follow-runs.ts";
import {
  openRunQueue,
  type RunQueue,
  SHORTEST_LEASE_SECONDS,
  STANDARD_LEASE_SECONDS,
} from "../lab/compare/node/queue/run-queue.ts";
import { requireQueuedData, toQueuedRuns } from "../lab/compare/queued-run.ts";
import { phrase, type Words } from "../report/words.ts";
import type { StoreAddress } from "../store/address.ts";
import type { RunStore } from "../store/run-store.ts";
import { OptionError } from "../tensor/errors.ts";
import { type ComparisonOptions, type ComparisonPlan, nothingToTrain, toComparison } from "./comparison-job.ts";
import { showComparison, writeReport } from "./comparison-report.ts";
import { ExitCode } from "./exit-code.ts";
import { watchInterrupt } from "./interrupt.ts";
import { spokenMessage } from "./lang/language.ts";
import { formatDuration, say } from "./output.ts";
import { createProgress } from "./progress.ts";
import { addressText, storeAddress, storePlace } from "./store.ts";

export { requireQueuePackage } from "../lab/compare/node/queue/run-queue.ts";

/** What the queue adds to a comparison's options. */
interface QueueOptions extends ComparisonOptions {
  /** Seconds. */
  readonly lease?: number;
  readonly json?: boolean;
}

/** What cannot be combined with a queue, and why. */
const notWithQueue = {
  store: "the runs are recorded in the queue's database",
  fresh: "runs that are there are not trained again",
  budget: "nobody knows what fits into a time on other machines",
  part: "the queue divides the runs itself",
  threads: "each residua worker has its own",
  device: "each residua worker has its own",
} as const;

/** The address of a queue, which is that of a run store on PostgreSQL. @throws {OptionError} if it is of another kind */
export function queueAddress(
  given: string | undefined,
  option: string,
): Extract<StoreAddress, { kind: "postgres" | "mysql" }> {
  const address = storeAddress(given, option);
  if (address.kind === "postgres") return address;
  const { RESIDUA_STORE } = process.env;
  throw new OptionError(
    given === undefined && RESIDUA_STORE !== undefined ? "RESIDUA_STORE" : option,
    "must be the address of a PostgreSQL database, which holds the queue: postgres://user:password@host/database",
  );
}

/**
 * The options of a comparison; with a queue its database is the run store.
 *
 * @throws {OptionError} naming what a queue cannot be combined with
 */
export function withQueue<T extends QueueOptions>(options: T, command: Command): T {
  const { queue, lease } = options;
  if (queue === undefined) {
    if (lease !== undefined) throw new OptionError("lease", "applies only with `queue`; leave it out");
    return options;
  }
  for (const [name, reason] of Object.entries(notWithQueue)) {
    const isGiven = options[name as keyof typeof notWithQueue] !== undefined;
    if (isGiven && command.getOptionValueSource(name) !== "default")
      throw new OptionError(name, `cannot be combined with \`queue\`: ${reason}; leave one out`);
  }
  if (lease !== undefined && !(Number.isInteger(lease) && lease >= SHORTEST_LEASE_SECONDS))
    throw new OptionError("lease", `must be whole seconds, at least ${SHORTEST_LEASE_SECONDS}s, got ${lease}s`);
  requireQueuedData(options.data);
  const text = queue === true ? undefined : queue;
  queueAddress(text, "--queue");
  return text === undefined ? options : { ...options, store: addressText(text, "--queue") };
}

/** Leaves a comparison's runs to workers, follows them, and reports on all of them. */
export async function compareByQueue(plan: ComparisonPlan, rest: CompareJob, options: QueueOptions): Promise<void> {
  const start = performance.now();
  const given = options.store === false ? undefined : options.store;
  const address = queueAddress(given, "--queue");
  const store = await storePlace(given, "--queue").open();
  try {
    await prepareQueueTables(store.database);
    const queue = await openRunQueue(address, store.database);
    try {
      const isWhole = await awaitRuns(store, queue, rest, options);
      const known = await findKnownRuns(store, plan.job);
      const comparison = toComparison({ ...plan, known }, options, plan.job, nothingToTrain(plan));
      const written = await writeReport(options.out, comparison);
      await showComparison(comparison, { json: options.json, report: written?.page });
      const time = formatDuration((performance.now() - start) / 1000);
      say(
        written === undefined
          ? { en: `${time}; no run finished`, zh: `${time}；没有完成任何训练` }
          : { en: `${time}; report: ${written.page}`, zh: `${time}；报告：${written.page}` },
      );
      process.exitCode = isWhole ? process.exitCode : ExitCode.interrupted;
      if (isWhole && known.size < plan.job.runs.length) process.exitCode = ExitCode.failure;
    } finally {
      await queue.close().catch(() => undefined);
    }
  } finally {
    await store.close().catch(() => undefined);
  }
}

/** Sends runs and waits until all have ended. @returns false if waiting was interrupted */
async function awaitRuns(
  store: RunStore,
  queue: RunQueue,
  rest: CompareJob,
  { lease = STANDARD_LEASE_SECONDS }: QueueOptions,
): Promise<boolean> {
  const plans = new Map(rest.runs.map((plan) => [keyOfRun(rest, plan), plan]));
  const data = toQueuedRuns(rest);
  await queue.send(
    [...plans.keys()].map((key, index) => ({ key, data: data[index] })),
    lease,
  );
  if (plans.size > 0)
    say({
      en: `${plans.size} networks wait in ${store.description} for residua worker; Ctrl-C ends this display, not the training.`,
      zh: `${plans.size} 个网络在 ${store.description} 中等待 residua worker；按 Ctrl-C 只结束显示，训练继续。`,
    });
  let isStopped = false;
  const interrupt = watchInterrupt(
    { stop: () => void (isStopped = true), kill: () => process.exit(ExitCode.interrupted) },
    {
      en: "the runs go on without this command; the same command follows them again",
      zh: "没有此命令训练仍会继续；再次运行同一命令可继续查看",
    },
  );
  try {
    const following = { database: store.database, queue, keys: [...plans.keys()], shouldStop: () => isStopped };
    const ended = await followRuns({ ...following, tell: createFollower(plans) });
    return ended.size === plans.size;
  } finally {
    interrupt.end();
  }
}

/** Shows how runs get on elsewhere. */
function createFollower(plans: ReadonlyMap<string, RunPlan>): (event: FollowEvent) => void {
  const progress = createProgress();
  let ended = 0;
  const about = (key: string, words: Words): Words => {
    const { depth, seed, ...plan } = plans.get(key)!;
    const [place, type] = [`[${ended}/${plans.size}]`, nameType(plan)];
    return phrase(
      {
        en: `${place} depth ${depth}, ${type}, seed ${seed}: `,
        zh: `${place} 深度 ${depth}，${type}，种子 ${seed}：`,
      },
      words,
    );
  };
  return (event) => {
    if (event.kind === "progress")
      return progress.update(describeProgress(event.runs, ended, plans.size), ended / plans.size);
    if (event.kind === "reached")
      return progress.finish({ en: "the database is reached again", zh: "数据库已恢复连接" });
    if (event.kind === "unreachable")
      return progress.finish(
        phrase(spokenMessage(event.reason), { en: "; waiting until it can be reached", zh: "；等待恢复连接" }),
      );
    if (event.kind === "ended" || event.isFinal) ended++;
    progress.finish(about(event.key, event.kind === "ended" ? describeEnded(event.progress) : describeTrouble(event)));
  };
}

function describeEnded({ status, steps, host }: RunProgress): Words {
  return status === "diverged"
    ? { en: `diverged at step ${steps}, on ${host}`, zh: `在第 ${steps} 步发散，机器 ${host}` }
    : { en: `done after ${steps} steps, on ${host}`, zh: `${steps} 步后完成，机器 ${host}` };
}

function describeTrouble({ reason, isFinal }: Extract<FollowEvent, { kind: "trouble" }>): Words {
  const end = isFinal
    ? { en: "; it is not trained", zh: "；不再训练" }
    : { en: "; it is tried again", zh: "；将再次尝试" };
  return phrase(spokenMessage(reason), end);
}

function describeProgress(runs: ReadonlyMap<string, RunProgress>, ended: number, count: number): Words {
  const running = [...runs.values()].filter(({ status }) => status === "running");
  const last = running.at(-1);
  const at =
    last === undefined
      ? { en: "", zh: "" }
      : {
          en: `; ${last.host} at step ${last.steps}, loss ${last.loss.toFixed(3)}`,
          zh: `；${last.host} 在第 ${last.steps} 步，损失 ${last.loss.toFixed(3)}`,
        };
  return phrase(
    {
      en: `${ended} of ${count} done, ${running.length} under way`,
      zh: `完成 ${ended}/${count}，进行中 ${running.length}`,
    },
    at,
  );
}
