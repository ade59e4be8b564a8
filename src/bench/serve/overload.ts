import { fileURLToPath } from "node:url";
import { quantile } from "simple-statistics";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { Benchmark } from "../benchmark.ts";
import { type Comparison, spreadOf } from "../comparison.ts";
import { inFolder } from "./folder.ts";
import { latency, type LoadGenerator, type LoadReport, startLoadGenerator } from "./load.ts";
import { type MeasuredServer, startOurServer, startPeerServer } from "./processes.ts";
import { live, type Subject, writeSubject } from "./requests.ts";

const RUNS = 5;
/** Of each part of a run. */
const SECONDS = 8;
/** Connections, fewer than a server without a policy lets in per address. */
const CONNECTIONS = 28;
/** Milliseconds in which a request that is refused should be told so, at the median. */
const SOON = 50;

const median = (values: readonly number[]): number => quantile([...values], 0.5);

/** Milliseconds of both sides, where less is better: the median over runs. */
function compareLatencies(
  name: string,
  unit: string,
  ours: readonly number[],
  peer: readonly number[],
  peerName: string,
): Comparison {
  const [own, other] = [median(ours), median(peer)];
  // The ratio is taken within each run, beside the same neighbours.
  const ratio = median(ours.map((value, run) => peer[run] / value));
  return { name, unit, ours: own, peer: other, peerName, ratio, spread: spreadOf({ seconds: ours }) };
}

interface Overload {
  readonly unloaded: number;
  readonly accepted: number;
  readonly refused: number;
}

function requireTold({ answered, refused, others, unsaid }: LoadReport): void {
  if (answered.length > 0 && refused.length > 0 && others.length === 0 && unsaid === 0) return;
  const counts = `${answered.length} answers, ${refused.length} refusals, ${unsaid} of them without Retry-After, ${others.length} others`;
  throw new EnvironmentError("ours", `gave ${counts}; must answer some, refuse the rest with Retry-After`);
}

/** One client alone; then as many as it can take, to count them; then twice as many. */
async function overload(generator: LoadGenerator, { port }: MeasuredServer, { binary }: Subject): Promise<Overload> {
  const order = { ...binary, port, until: { seconds: SECONDS } };
  const alone = await generator.send({ ...order, connections: 1 });
  const full = await generator.send({ ...order, connections: 4 });
  const perSecond = (2 * full.answered.length) / full.seconds;
  const twice = await generator.send({ ...order, connections: CONNECTIONS, perSecond });
  requireTold(twice);
  return {
    unloaded: latency(alone.answered, 0.99),
    accepted: latency(twice.answered, 0.99),
    refused: latency(twice.refused, 0.5),
  };
}

/** Latency of what is accepted under twice the load that can be taken, and of what is refused. */
async function compareOverload(
  generator: LoadGenerator,
  server: MeasuredServer,
  subject: Subject,
): Promise<readonly Comparison[]> {
  const runs: Overload[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await overload(generator, server, subject));
  const of = (key: keyof Overload): readonly number[] => runs.map((run) => run[key]);
  return [
    compareLatencies("serve: twice the load", "ms p99", of("accepted"), of("unloaded"), "unloaded"),
    compareLatencies(
      "serve: refused",
      "ms p50",
      of("refused"),
      runs.map(() => SOON),
      `the bar of ${SOON} ms`,
    ),
  ];
}

/** Whether the server lives, asked while each of its workers is busy, beside a bare `node:http` asked at the same time. */
async function compareLive(
  generator: LoadGenerator,
  server: MeasuredServer,
  { binary }: Subject,
): Promise<readonly Comparison[]> {
  const script = fileURLToPath(new URL("./peer-contender.js", import.meta.url));
  const bare = await startPeerServer("bare node:http", process.execPath, [script, "live"]);
  const askers = [server, bare].map((each) => ({ each, asker: startLoadGenerator() }));
  try {
    const p99: number[][] = [[], []];
    for (let run = 0; run < RUNS; run++) {
      const busy = generator.send({ ...binary, port: server.port, connections: 4, until: { seconds: SECONDS } });
      const asked = await Promise.all(
        askers.map(({ each: { port }, asker }) =>
          asker.send({ ...live, port, connections: 4, perSecond: 100, until: { seconds: SECONDS - 1 } }),
        ),
      );
      await busy;
      for (const [index, { answered }] of asked.entries()) p99[index].push(latency(answered, 0.99));
    }
    return [compareLatencies("serve: health, workers busy", "ms p99", p99[0], p99[1], bare.name)];
  } finally {
    await Promise.all([bare.stop(), ...askers.map(({ asker }) => asker.stop())]);
  }
}

export const overloadBenchmarks: readonly Benchmark[] = [
  {
    name: "serve",
    against: "ourselves",
    run: ({ say }) =>
      inFolder(async (folder) => {
        const subject = await writeSubject(folder, "resnet50", 224);
        const generator = startLoadGenerator();
        const server = await startOurServer([subject.file, "--port", "0"]);
        try {
          say("serve: twice the load");
          const rows = await compareOverload(generator, server, subject);
          say("serve: health while workers are busy");
          return [...rows, ...(await compareLive(generator, server, subject))];
        } finally {
          await Promise.all([generator.stop(), server.stop()]);
        }
      }),
  },
];
