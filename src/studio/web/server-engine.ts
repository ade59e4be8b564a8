import type {
  OngoingFacts,
  OngoingTrainings,
  RaceEvent,
  RaceJob,
  RaceResult,
  StudioEngine,
  TrainedFile,
  TrainEvent,
  TrainJob,
} from "../engine.ts";
import type { OngoingJob, ServerFacts } from "../server-protocol.ts";
import {
  engineAddress,
  followOnServer,
  forgetOnServer,
  isOffered,
  runOnServer,
  type ServerJob,
  stopOnServer,
} from "./server-job.ts";

const race: ServerJob<readonly RaceJob[], RaceEvent, readonly RaceResult[]> = { name: "race" };
const training: ServerJob<TrainJob, TrainEvent, TrainedFile> = { name: "training" };

/** The server's trainings that go on without a page. */
const ongoing: OngoingTrainings = {
  list: async () => {
    const response = await fetch(engineAddress("running"));
    const jobs = response.ok ? ((await response.json()) as readonly OngoingJob<OngoingFacts>[]) : [];
    return jobs.map(({ id, isOver, facts }) => ({ id, isOver, ...facts }));
  },
  follow: (id, onEvent) => followOnServer(training, id, { onEvent }),
  stop: stopOnServer,
  forget: forgetOnServer,
};

/** The engine of the server that gave the page, if there is one and it lets this browser use it. */
export async function findServerEngine(): Promise<StudioEngine | undefined> {
  if (!isOffered("engine")) return undefined;
  try {
    const response = await fetch(engineAddress("engine"));
    if (!response.ok) return undefined;
    const { threads } = (await response.json()) as ServerFacts;
    return {
      facts: { kind: "server", threads },
      ongoing,
      race: (jobs, onEvent) => runOnServer(race, jobs, { onEvent }),
      train: (job, onEvent) =>
        runOnServer(training, job, { onEvent, onStart: (id) => onEvent({ kind: "goes-on", id }) }),
    };
  } catch {
    return undefined;
  }
}
