import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { Benchmark, BenchmarkSetting } from "../benchmark.ts";
import { type Comparison, medianOf, spreadOf } from "../comparison.ts";
import { startLineProcess } from "../contender.ts";
import { type LoadGenerator, type LoadReport, startLoadGenerator } from "./load.ts";
import { type MeasuredServer, startOurServer, startPeerServer } from "./processes.ts";
import { type Ask, type Subject, writeSubject } from "./requests.ts";
import { inFolder } from "./folder.ts";

const ROUNDS = 6;
/** Of a turn. */
const REQUESTS = 800;
/** Until what runs often is compiled. */
const WARM_UP = 3000;
const MANY = 16;

const script = fileURLToPath(new URL("./peer-contender.js", import.meta.url));
const fastapi = fileURLToPath(new URL("../../../bench/fastapi_server.py", import.meta.url));

/** One turn of a server: per request, or per second. */
interface Turn {
  readonly perSecond: number;
  /** Seconds of processor time per request: of all the server's processes, and of the generator. */
  readonly processor: number;
  readonly generator: number;
}

/** Sends a turn's requests. @throws {EnvironmentError} if anything is not answered */
async function takeTurn(
  generator: LoadGenerator,
  server: MeasuredServer,
  ask: Ask,
  connections: number,
  requests = REQUESTS,
): Promise<Turn> {
  const before = await server.processorSeconds();
  const report = await generator.send({ ...ask, port: server.port, connections, until: { requests } });
  const processor = (await server.processorSeconds()) - before;
  requireAnswered(server.name, report);
  const count = report.answered.length;
  return {
    perSecond: count / report.seconds,
    processor: processor / count,
    generator: report.processorSeconds / count,
  };
}

function requireAnswered(name: string, { answered, refused, others }: LoadReport): void {
  if (answered.length > 0 && refused.length === 0 && others.length === 0) return;
  throw new EnvironmentError(name, `answered ${answered.length}, refused ${refused.length}, failed ${others.length}`);
}

/** Less is better. */
function compareSeconds(name: string, ours: readonly number[], peer: readonly number[], peerName: string): Comparison {
  const [own, other] = [1000 * medianOf({ seconds: ours }), 1000 * medianOf({ seconds: peer })];
  return {
    name,
    unit: "CPU ms",
    ours: own,
    peer: other,
    peerName,
    ratio: other / own,
    spread: spreadOf({ seconds: ours }),
  };
}

/** More is better. */
function compareTurns(name: string, ours: readonly Turn[], peer: readonly Turn[], peerName: string): Comparison {
  const rates = (turns: readonly Turn[]): readonly number[] => turns.map(({ perSecond }) => perSecond);
  const [own, other] = [medianOf({ seconds: rates(ours) }), medianOf({ seconds: rates(peer) })];
  return {
    name,
    unit: "requests/s",
    ours: own,
    peer: other,
    peerName,
    ratio: own / other,
    spread: spreadOf({ seconds: rates(ours) }),
  };
}

/** Processor time per request of gate and worker beside the network's alone, at one client and at many. */
async function compareProcessor(subject: Subject): Promise<readonly Comparison[]> {
  const loop = startLineProcess(
    "loop",
    process.execPath,
    [script, "loop", subject.file, String(subject.size), subject.raw.body],
    process.env,
  );
  const generator = startLoadGenerator();
  const server = await startOurServer([subject.file, "--policy", subject.policy]);
  try {
    const alone: number[] = [];
    const served: Record<"one" | "many", number[]> = { one: [], many: [] };
    await loop.ask(String(WARM_UP));
    await takeTurn(generator, server, subject.binary, MANY, WARM_UP);
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(Number(await loop.ask(String(REQUESTS))) / REQUESTS);
      served.one.push((await takeTurn(generator, server, subject.binary, 1)).processor);
      served.many.push((await takeTurn(generator, server, subject.binary, MANY)).processor);
    }
    const peer = "onnxruntime-node alone";
    return [
      compareSeconds("serve, 1 client", served.one, alone, peer),
      compareSeconds(`serve, ${MANY} clients`, served.many, alone, peer),
    ];
  } finally {
    await Promise.all([loop.stop(), generator.stop(), server.stop()]);
  }
}

/** Requests per second at many clients beside peers that serve the same network, and what the generator took of the machine. */
async function compareRequests(
  subject: Subject,
  start: () => Promise<readonly MeasuredServer[]>,
): Promise<readonly Comparison[]> {
  const generator = startLoadGenerator();
  const servers = [await startOurServer([subject.file, "--policy", subject.policy]), ...(await start())];
  try {
    const turns = servers.map((): Turn[] => []);
    const askOf = (index: number): Ask => (index === 0 ? subject.binary : subject.raw);
    for (const [index, server] of servers.entries()) await takeTurn(generator, server, askOf(index), MANY, WARM_UP);
    for (let round = 0; round < ROUNDS; round++)
      for (const [index, server] of servers.entries())
        turns[index].push(await takeTurn(generator, server, askOf(index), MANY));
    const [ours, ...others] = turns;
    const generators = (of: readonly Turn[]): readonly number[] => of.map((turn) => turn.generator);
    return others.flatMap((peer, index) => {
      const { name } = servers[index + 1];
      return [
        compareTurns(`serve, ${MANY} clients`, ours, peer, name),
        compareSeconds("serve: generator", generators(ours), generators(peer), name),
      ];
    });
  } finally {
    await Promise.all([generator.stop(), ...servers.map(({ stop }) => stop())]);
  }
}

/** Whether the processor time of other processes can be read. */
function canTellTimes(say: BenchmarkSetting["say"]): boolean {
  if (process.platform === "linux") return true;
  say("serve: processor times of other processes are read as Linux tells them; its rows are left out here");
  return false;
}

/** Python with all that the peer needs, if this machine has it. */
function findPython(): string | undefined {
  return ["/usr/bin/python3", "python3"].find(
    (python) => spawnSync(python, ["-c", "import fastapi, uvicorn, torch"], { stdio: "ignore" }).status === 0,
  );
}

async function compareWithNode({ say }: BenchmarkSetting): Promise<readonly Comparison[]> {
  if (!canTellTimes(say)) return [];
  return inFolder(async (folder) => {
    const subject = await writeSubject(folder, "resnet20", 32);
    say("serve: processor time per request");
    const rows = await compareProcessor(subject);
    say("serve: requests per second");
    const peer = (threads: number): Promise<MeasuredServer> =>
      startPeerServer(`node:http, ${threads} thread${threads === 1 ? "" : "s"}`, process.execPath, [
        script,
        "infer",
        subject.file,
        String(subject.size),
        String(threads),
      ]);
    return [...rows, ...(await compareRequests(subject, async () => [await peer(1), await peer(2)]))];
  });
}

async function compareWithPython({ threads, say }: BenchmarkSetting): Promise<readonly Comparison[]> {
  const python = findPython();
  if (!canTellTimes(say)) return [];
  if (python === undefined) {
    say(
      "FastAPI with PyTorch is not on this machine: its row is left out (Debian: python3-fastapi, python3-uvicorn, python3-torch)",
    );
    return [];
  }
  say("serve: requests per second beside FastAPI with PyTorch");
  return inFolder(async (folder) => {
    const subject = await writeSubject(folder, "resnet20", 32);
    return compareRequests(subject, async () => [
      await startPeerServer("FastAPI + PyTorch", python, [fastapi, "20", String(threads)]),
    ]);
  });
}

export const rateBenchmarks: readonly Benchmark[] = [
  { name: "serve", against: "onnxruntime", run: compareWithNode },
  { name: "serve", against: "torch", run: compareWithPython },
];
